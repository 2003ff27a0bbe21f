use std::sync::Arc;

use super::{Closed, Counts, Grist, Row};
use crate::encode::{Ends, SHEET_BYTES, Sheet};
use crate::event::TimestampWriter;
use crate::lane::Lane;
use crate::pipeline::Outcome;
use crate::ship::{Batch, BatchPool, Doc, Origin, Part};

/// Writes documents into bodies.
pub struct Press {
    times: TimestampWriter,
    ends: Ends,
    origin: Option<Arc<Origin>>,
    pool: BatchPool,
    /// The body that waits for more.
    batch: Option<Batch>,
    counts: Counts,
}

impl Press {
    pub fn new(pool: BatchPool) -> Self {
        Press {
            times: TimestampWriter::default(),
            ends: Ends::default(),
            origin: None,
            pool,
            batch: None,
            counts: Counts::default(),
        }
    }

    /// The body for the first documents of a chunk.
    pub fn open(&mut self, grist: &Grist<'_>) -> Result<Batch, Closed> {
        let path = grist.path.as_os_str().as_encoded_bytes();
        let file = grist.chunk.span.file;
        grist.lane.template.ends(file, path, &mut self.ends);
        let mut batch = match self.batch.take() {
            Some(batch) => batch,
            None => self.pool.take().ok_or(Closed)?,
        };
        batch.parts.push(self.part(grist));
        Ok(batch)
    }

    /// Writes the documents of events until the body is full: the events that are left.
    #[inline]
    pub fn write<'r, 'c>(&mut self, lane: &Lane, rows: &'r [Row<'c>], batch: &mut Batch) -> &'r [Row<'c>] {
        let Batch {
            body, docs, parts, ..
        } = batch;
        // A chunk that was opened has one, and so has the body that another gave way to.
        let Some((part, others)) = parts.split_last_mut() else {
            return rows;
        };
        let number = others.len() as u32;
        let (times, ends) = (&mut self.times, &self.ends);
        let template = &lane.template;
        let end = docs.last().map_or(0, |last| last.end as usize);
        // A body has grown beyond its limit by no more than a sheet.
        let limit = self.pool.body_bytes().saturating_sub(SHEET_BYTES).max(1);
        let mut sheet = Sheet::of(body, end, limit);
        for (at, row) in rows.iter().enumerate() {
            if let Outcome::Filtered { .. } = row.outcome {
                part.filtered += 1;
            } else {
                let replaced = sheet.append(|pen| template.write(&row.fields, &row.place, ends, times, pen));
                let Some(replaced) = replaced else {
                    return &rows[at..];
                };
                self.counts.unmatched += u64::from(row.place.unmatched);
                self.counts.repaired += u64::from(replaced);
                docs.push(Doc {
                    end: sheet.end() as u32,
                    at: row.place.offset,
                    part: number,
                });
            }
            self.counts.events += 1;
            self.counts.cut += u64::from(row.place.cut);
        }
        &[]
    }

    /// The body that is full; another takes its place, for the same chunk.
    pub fn turn(&mut self, grist: &Grist<'_>, batch: &mut Batch) -> Result<Batch, Closed> {
        let mut next = self.pool.take().ok_or(Closed)?;
        next.parts.push(self.part(grist));
        drop_idle_part(batch);
        Ok(std::mem::replace(batch, next))
    }

    /// The end of a chunk.
    pub fn close(&mut self, mut batch: Batch) {
        // Where there is no event in the chunk, the ledger has settled it already.
        drop_idle_part(&mut batch);
        self.batch = Some(batch);
    }

    pub fn is_waiting(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| !batch.parts.is_empty())
    }

    pub fn take(&mut self) -> Option<Batch> {
        self.batch.take().filter(|batch| !batch.parts.is_empty())
    }

    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    fn part(&mut self, grist: &Grist<'_>) -> Part {
        Part {
            span: grist.chunk.span,
            origin: self.origin_of(grist),
            filtered: 0,
        }
    }

    /// Where the chunk is from; the same as last time, when it is.
    fn origin_of(&mut self, grist: &Grist<'_>) -> Arc<Origin> {
        let last = self.origin.take();
        let same = last.filter(|last| last.path == grist.path && last.input == grist.lane.name);
        let origin = same.unwrap_or_else(|| {
            Arc::new(Origin {
                path: grist.path.to_owned(),
                input: grist.lane.name.clone(),
            })
        });
        self.origin = Some(Arc::clone(&origin));
        origin
    }
}

/// Takes the last part out when the batch has no event of it.
fn drop_idle_part(batch: &mut Batch) {
    let number = batch.parts.len();
    let has_document = batch
        .docs
        .last()
        .is_some_and(|doc| doc.part as usize + 1 == number);
    if !has_document && batch.parts.last().is_some_and(|part| part.filtered == 0) {
        batch.parts.pop();
    }
}
