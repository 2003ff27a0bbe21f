use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use super::disk::Bytes;

/// Closes files on a thread of its own. Closing the last descriptor of a deleted file frees its blocks, which
/// takes up to a millisecond: with quick rotation new files would go unseen meanwhile.
#[derive(Debug)]
pub struct Closer {
    /// `None` where the system gives no thread: files are closed where they are dropped.
    sender: Option<SyncSender<Bytes>>,
}

impl Closer {
    /// At most `closing_max` files wait to be closed.
    pub fn start(closing_max: usize) -> Closer {
        let (sender, receiver) = sync_channel::<Bytes>(closing_max);
        let started = thread::Builder::new()
            .name("close".to_owned())
            .spawn(move || receiver.into_iter().for_each(drop));
        Closer {
            sender: started.is_ok().then_some(sender),
        }
    }

    pub fn close(&self, bytes: Bytes) {
        if let Some(sender) = &self.sender {
            // One too many, or no thread any more: dropped here.
            if let Err(TrySendError::Full(bytes) | TrySendError::Disconnected(bytes)) = sender.try_send(bytes)
            {
                drop(bytes);
            }
        }
    }
}
