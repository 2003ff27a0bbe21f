use std::time::Instant;

use super::{Tailer, globs};
use crate::source::Watch;
use crate::source::disk::Inode;

impl Tailer {
    /// Other inputs. A file goes on where it is when the new inputs lead to it, whatever they are called; one of
    /// an input that is gone is left alone, and its position is remembered.
    pub(super) fn reload(&mut self, watches: Vec<Watch>, now: Instant) {
        let mut homeless = Vec::new();
        for (inode, tail) in &mut self.files {
            let name = &self.watches[tail.watch].name;
            match watches.iter().position(|it| it.name == *name) {
                Some(watch) => {
                    tail.watch = watch;
                    tail.move_to(watches[watch].index);
                }
                None => homeless.push(*inode),
            }
            // The scan gives the names back.
            tail.names.clear();
            tail.gone.get_or_insert(now);
        }
        self.notice.set_globs(globs(&watches));
        self.watches = watches;
        self.names.clear();
        self.targets.clear();
        self.reals.clear();
        self.linked_from.clear();
        for inode in homeless {
            self.leave_alone(inode);
        }
        self.attentive.extend(self.files.keys());
        self.next_scan = now;
    }

    fn leave_alone(&mut self, inode: Inode) {
        self.attentive.remove(&inode);
        let Some(tail) = self.files.remove(&inode) else {
            return;
        };
        let key = tail.place().map(|place| place.origin.key).or(tail.stub);
        if let Some(record) = key.and_then(|key| self.ledger.record(key)) {
            self.dormant.add(record);
        }
    }
}
