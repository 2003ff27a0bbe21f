use std::path::Path;

use rustix::fs::statfs;

/// Whether the path is on a file system that others may write to without this machine being told: of what they do
/// there are no notifications. `false` where the system does not say.
pub fn is_shared(path: &Path) -> bool {
    file_system(path).is_some_and(is_shared_type)
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

/// Whether what is at the path is made up by the kernel as somebody looks at it, so that a search for logs finds none
/// there and may find no end. `false` where the system does not say.
pub fn is_made_up(path: &Path) -> bool {
    file_system(path).is_some_and(is_made_up_type)
}

/// The number of the file system that the path is on.
fn file_system(path: &Path) -> Option<u32> {
    // The field is signed or unsigned, 32 or 64 bits wide; the number has 32.
    statfs(path).ok().map(|stat| stat.f_type as u32)
}

/// Numbers of the kernel's `linux/magic.h`.
fn is_made_up_type(number: u32) -> bool {
    matches!(
        number,
        0x9fa0 // proc
            | 0x6265_6572 // sysfs
            | 0x0027_e0eb | 0x6367_7270 // cgroup, cgroup 2
            | 0x6462_6720 | 0x7472_6163 // debugfs, tracefs
            | 0x7363_6673 | 0xf97c_ff8c | 0x4341_5d53 // securityfs, selinuxfs, smackfs
            | 0x6265_6570 // configfs
            | 0xcafe_4a11 // bpf
            | 0x6165_676c // pstore
            | 0xde5e_81e4 // efivarfs
            | 0x1cd1 // devpts
            | 0x4249_4e4d // binfmt_misc
            | 0x6573_5543 // the controls of FUSE
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

    #[test]
    fn what_the_kernel_makes_up_is_told_from_files() {
        assert!(is_made_up(Path::new("/proc")));
        assert!(!is_made_up(Path::new(env!("CARGO_MANIFEST_DIR"))));
        assert!(!is_made_up(Path::new("/not/there")));
    }
}
