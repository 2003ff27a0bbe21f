use std::path::Path;

use rustix::fs::statfs;

/// Whether the path is on a file system that others may write to without this machine being told: of what they do
/// there are no notifications. `false` where the system does not say.
pub fn is_shared(path: &Path) -> bool {
    // The field is signed or unsigned, 32 or 64 bits wide; the number has 32.
    statfs(path).is_ok_and(|stat| is_shared_type(stat.f_type as u32))
}

/// Numbers of statfs(2) and of the kernel's `linux/magic.h`; Lustre, GPFS and VirtualBox give their own.
fn is_shared_type(number: u32) -> bool {
    matches!(
        number,
        0x6969 // NFS
            | 0x517b | 0xff53_4d42 | 0xfe53_4d42 // SMB, CIFS, SMB 2
            | 0x0102_1997 // 9p: virtual machines, WSL
            | 0x6573_5546 // FUSE: sshfs, s3fs, GlusterFS
            | 0x00c3_6400 // Ceph
            | 0x5346_414f | 0x6b41_4653 // AFS: OpenAFS's and the kernel's
            | 0x7375_7245 // Coda
            | 0x0116_1970 | 0x7461_636f // GFS 2, OCFS 2
            | 0x0bd0_0bd0 // Lustre
            | 0x4750_4653 // GPFS
            | 0x786f_4256 // VirtualBox's shared folders
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        assert!(is_shared_type(0x6969));
        // ext4, XFS, Btrfs, tmpfs, overlayfs
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630] {
            assert!(!is_shared_type(local), "{local:x}");
        }
        assert!(!is_shared(Path::new("/proc")));
        assert!(!is_shared(Path::new("/not/there")));
    }
}
