//! Compresses bulk bodies, with compressors and output buffers that serve again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::{Compress, Compression, FlushCompress, Status};

/// Compressors and buffers at rest: never more than requests were in flight at once.
#[derive(Debug)]
pub struct Gzip {
    level: Compression,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    compressors: Vec<Compress>,
    buffers: Vec<Vec<u8>>,
}

/// 32 KiB, the largest window there is.
const WINDOW_BITS: u8 = 15;

/// Room for output that is added when there is none left, in bytes.
const GROWTH_BYTES: usize = 256 << 10;

impl Gzip {
    /// Level 1 to 9.
    pub fn new(level: u32) -> Self {
        Gzip {
            level: Compression::new(level.clamp(1, 9)),
            idle: Mutex::default(),
        }
    }

    /// `body` as one gzip member; `None` if zlib gives up, which it has no reason to. Takes some 10 ms for
    /// 5 MiB at level 1: not for async threads.
    pub fn pack(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (compressor, buffer) = {
            let mut idle = self.idle();
            (idle.compressors.pop(), idle.buffers.pop())
        };
        let mut compressor = compressor.unwrap_or_else(|| Compress::new_gzip(self.level, WINDOW_BITS));
        let mut packed = buffer.unwrap_or_default();
        let whole = run(&mut compressor, body, &mut packed);
        compressor.reset();
        self.idle().compressors.push(compressor);
        whole.then_some(packed)
    }

    /// Takes a buffer back that was sent.
    pub fn give_back(&self, mut buffer: Vec<u8>) {
        let mut idle = self.idle();
        // A buffer that came from elsewhere would be one too many.
        if idle.buffers.len() < idle.compressors.len() {
            buffer.clear();
            idle.buffers.push(buffer);
        }
    }

    /// No code panics while it holds the lock.
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(compressor: &mut Compress, body: &[u8], packed: &mut Vec<u8>) -> bool {
    loop {
        if packed.capacity() - packed.len() < GROWTH_BYTES / 4 {
            packed.reserve(GROWTH_BYTES);
        }
        // The compressor is fresh, so what it has read fits a `usize` as the body does.
        let rest = &body[compressor.total_in() as usize..];
        match compressor.compress_vec(rest, packed, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => return true,
            // There is always room, so this moves on.
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    fn unpack(packed: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(packed)
            .read_to_end(&mut text)
            .unwrap();
        text
    }

    #[test]
    fn a_buffer_and_a_compressor_serve_again() {
        let gzip = Gzip::new(1);
        let body = b"{\"create\":{}}\n".repeat(100_000);
        let packed = gzip.pack(&body).unwrap();
        assert_eq!(unpack(&packed), body);
        assert!(packed.len() < body.len() / 50);
        let memory = packed.as_ptr();
        gzip.give_back(packed);
        let packed = gzip.pack(b"short").unwrap();
        assert_eq!((packed.as_ptr(), unpack(&packed)), (memory, b"short".to_vec()));
        assert_eq!(gzip.idle().compressors.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_packed_comes_out_again(
            seed in any::<u64>(), len in 0usize..150_000, level in 0u32..12, even in any::<bool>(),
        ) {
            // Noise does not compress: the output is larger than the first guess at its size.
            let mut state = seed | 1;
            let body: Vec<u8> = (0..len)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    if even { b'x' } else { state as u8 }
                })
                .collect();
            prop_assert!(unpack(&Gzip::new(level).pack(&body).unwrap()) == body);
        }
    }
}
