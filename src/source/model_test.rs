//! Random writes, rotations, copies, deletions, restarts, kills and reloads against a model that only remembers which
//! lines were written. `LOGMILL_MODEL_ACTIONS` says how many, `LOGMILL_MODEL_SEED` repeats a run.
//!
//! What the model spares the source is what cannot be kept: a file's last bytes are settled and in the
//! checkpoint before the file is emptied without a copy, and were seen before it is deleted; a file that was never in a
//! checkpoint is not copied or compressed before it is in one.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::FrameRule;
use super::rig::{Input, Rig, input};

/// Rotated files that are kept.
const KEPT: usize = 6;
/// One seed of so many uses the disk.
const DISK_EVERY: u64 = 8;
const BASES: [&str; 2] = ["a.log", "b.log"];

/// A small generator: the run depends on the seed only.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

struct Model {
    rig: Rig,
    random: Random,
    running: bool,
    /// Lines that begin with a blank belong to the event before them, and rotation may come between.
    multi_line: bool,
    /// Events that must be documents, each exactly once.
    written: Vec<String>,
    /// The beginning of a line that waits for its end, by base.
    partial: BTreeMap<&'static str, String>,
    number: u32,
    /// The globs of `BASES`.
    globs: [&'static str; 2],
    /// A file was made after the last checkpoint.
    unknown_files: bool,
    log: Vec<String>,
}

impl Model {
    fn new(seed: u64) -> Model {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        let globs = match random.chance(50) {
            true => ["a.log*", "b.log*"],
            false => ["a.log", "b.log"],
        };
        // Waiting for the disk is nearly all that it takes; but inodes are used again on a disk only.
        let mut rig = match seed.is_multiple_of(DISK_EVERY) {
            true => Rig::new(&globs),
            false => Rig::in_memory(&globs),
        };
        let multi_line = random.chance(50);
        if multi_line {
            rig.rule = FrameRule {
                start: Some(Arc::new(|line: &[u8]| !line.starts_with(b" "))),
                ..FrameRule::default()
            };
        }
        rig.start();
        Model {
            rig,
            random,
            running: true,
            multi_line,
            written: Vec::new(),
            partial: BTreeMap::new(),
            number: 0,
            globs,
            unknown_files: false,
            log: vec![format!("globs {globs:?} multi-line {multi_line}")],
        }
    }

    fn act(&mut self) {
        let base = BASES[self.random.below(2) as usize];
        let action = self.random.below(100);
        match action {
            0..=34 => self.write(base),
            35..=39 => self.begin_line(base),
            40..=49 => self.rotate(base),
            50..=56 => self.copytruncate(base),
            57..=58 => self.delete(base),
            59..=60 => self.delete_unsettled(base),
            61..=62 => self.rewrite(base),
            63..=67 => self.gzip(base),
            68..=79 => {
                let time = [10, 300, 2500, 8000][self.random.below(4) as usize];
                self.note(format!("pass {time}"));
                self.rig.pass(Duration::from_millis(time));
            }
            80..=84 => self.rig.settles = self.random.chance(60),
            85..=88 => {
                self.note("settle".to_owned());
                self.rig.settle_all();
            }
            89..=92 => {
                self.rig.pass(Duration::from_millis(2500));
                self.persist();
            }
            93..=94 => self.stop(false),
            95..=96 => self.stop(true),
            97 => self.reload(),
            _ => self.start(),
        }
    }

    fn line(&mut self, base: &str) -> String {
        self.number += 1;
        let filler = "x".repeat(self.random.below(200) as usize);
        format!("{base} {:06} {filler}", self.number)
    }

    /// A line, and in the half of all runs some that belong to it.
    fn event(&mut self, base: &str, more: u64) -> String {
        let mut event = self.line(base);
        for _ in 0..more {
            event += "\n ";
            event += &self.line("more");
        }
        event
    }

    /// Writes an event up to the middle, just before rotation; gives the rest.
    fn begin_event(&mut self, base: &'static str) -> Option<String> {
        if !self.multi_line || self.partial.contains_key(base) || self.random.chance(30) {
            return None;
        }
        let more = 1 + self.random.below(4);
        let event = self.event(base, more);
        let lines: Vec<&str> = event.split_inclusive('\n').collect();
        let (here, there) = lines.split_at(1 + self.random.below(more) as usize);
        self.append(base, &here.concat());
        let there = there.concat() + "\n";
        self.written.push(event);
        Some(there)
    }

    fn write(&mut self, base: &'static str) {
        let mut text = String::new();
        if let Some(partial) = self.partial.remove(base) {
            let end = self.line("end");
            text += &end;
            text.push('\n');
            self.written.push(partial + &end);
        }
        for _ in 0..=self.random.below(30) {
            let more = if self.multi_line { self.random.below(3) } else { 0 };
            let event = self.event(base, more);
            text += &event;
            text.push('\n');
            self.written.push(event);
        }
        self.append(base, &text);
    }

    fn begin_line(&mut self, base: &'static str) {
        if self.partial.contains_key(base) {
            return;
        }
        let partial = self.line("begin");
        self.append(base, &partial);
        self.partial.insert(base, partial);
    }

    fn note(&mut self, what: String) {
        println!("  {what}");
        self.log.push(what);
    }

    fn append(&mut self, base: &str, text: &str) {
        self.note(format!("write {base} to {}", self.number));
        self.unknown_files |= !self.rig.path(base).exists();
        self.rig.append(base, text);
        self.touch(base);
    }

    /// The time that the file was written to, finer than the file system counts it: rotations come quickly here.
    fn touch(&self, name: &str) {
        if self.multi_line {
            let file = fs::File::options().append(true).open(self.rig.path(name));
            file.unwrap().set_modified(SystemTime::now()).unwrap();
        }
    }

    /// The writer leaves its file: what it has begun is the file's last line.
    fn leave(&mut self, base: &'static str) {
        self.written.extend(self.partial.remove(base));
    }

    fn exists(&self, name: &str) -> bool {
        self.rig.path(name).exists()
    }

    fn slot(&self, base: &str, number: usize) -> Option<String> {
        [format!("{base}.{number}"), format!("{base}.{number}.gz")]
            .into_iter()
            .find(|name| self.exists(name))
    }

    /// Everything is read, settled and in the checkpoint.
    fn rest(&mut self) {
        self.rig.pass(Duration::from_secs(3));
        self.rig.settle_all();
        self.rig.pass(Duration::from_secs(15));
        self.rig.settle_all();
        self.persist();
    }

    fn persist(&mut self) {
        if self.running {
            self.note("persist".to_owned());
            self.rig.ledger.persist_now().unwrap();
            self.unknown_files = false;
        }
    }

    /// Room for one more rotated file; whether there is.
    fn shift(&mut self, base: &str) -> bool {
        let gap = (1..=KEPT).find(|number| self.slot(base, *number).is_none());
        let last = match gap {
            Some(gap) => gap,
            None if !self.running => return false,
            None => {
                self.rest();
                if let Some(oldest) = self.slot(base, KEPT) {
                    fs::remove_file(self.rig.path(&oldest)).unwrap();
                }
                KEPT
            }
        };
        for number in (1..last).rev() {
            if let Some(name) = self.slot(base, number) {
                let to = name.replacen(&format!(".{number}"), &format!(".{}", number + 1), 1);
                self.rig.rename(&name, &to);
            }
        }
        true
    }

    fn rotate(&mut self, base: &'static str) {
        if self.exists(base) && self.shift(base) {
            let rest = self.begin_event(base);
            self.leave(base);
            self.note(format!("rename {base}"));
            let content = fs::read(self.rig.path(base)).unwrap();
            self.rig.rename(base, &format!("{base}.1"));
            if self.running && !content.contains(&b'\n') {
                // A file without a whole line has no identity until it is finished.
                self.rig.pass(Duration::from_secs(12));
            }
            if let Some(rest) = rest {
                self.append(base, &rest);
            }
            if self.random.chance(70) {
                self.write(base);
            }
        }
    }

    fn copytruncate(&mut self, base: &'static str) {
        if !self.running && self.unknown_files {
            return;
        }
        // A file without a whole line has no identity yet.
        let content = fs::read(self.rig.path(base)).unwrap_or_default();
        if content.contains(&b'\n') && self.shift(base) {
            if self.running {
                // In a checkpoint once, the copy can be told from a file of its own.
                self.rig.pass(Duration::from_millis(2500));
                self.persist();
            }
            let rest = self.begin_event(base);
            self.leave(base);
            self.note(format!("copytruncate {base}"));
            self.rig.copytruncate(base, &format!("{base}.1"));
            self.touch(&format!("{base}.1"));
            self.unknown_files = true;
            if let Some(rest) = rest {
                self.append(base, &rest);
            }
            if self.random.chance(70) {
                self.write(base);
            }
        }
    }

    fn delete(&mut self, base: &'static str) {
        if self.running && self.exists(base) {
            self.rest();
            self.leave(base);
            self.note(format!("delete {base}"));
            fs::remove_file(self.rig.path(base)).unwrap();
            self.rig.pass(Duration::from_secs(10));
        }
    }

    /// What is not settled is kept for the next run within a second.
    fn delete_unsettled(&mut self, base: &'static str) {
        let content = fs::read(self.rig.path(base)).unwrap_or_default();
        if self.running && content.contains(&b'\n') {
            self.rig.pass(Duration::from_millis(2500));
            self.leave(base);
            self.note(format!("delete {base} as it is"));
            fs::remove_file(self.rig.path(base)).unwrap();
            self.rig.pass(Duration::from_secs(3));
        }
    }

    /// Emptied without a copy.
    fn rewrite(&mut self, base: &'static str) {
        if self.running && self.exists(base) && !self.partial.contains_key(base) {
            self.rest();
            self.note(format!("empty {base}"));
            fs::write(self.rig.path(base), "").unwrap();
            self.unknown_files = true;
            self.write(base);
        }
    }

    fn gzip(&mut self, base: &'static str) {
        let number = 1 + self.random.below(KEPT as u64) as usize;
        let name = format!("{base}.{number}");
        if !self.exists(&name) || (!self.running && self.unknown_files) {
            return;
        }
        if self.running {
            self.rig.pass(Duration::from_millis(2500));
            self.persist();
        }
        self.note(format!("gzip {name}"));
        let modified = fs::metadata(self.rig.path(&name)).unwrap().modified().unwrap();
        self.rig.gzip(&name, &format!("{name}.gz"));
        if self.multi_line {
            // As gzip leaves it; without it, the file would seem to lie between two others.
            let file = fs::File::options()
                .append(true)
                .open(self.rig.path(&format!("{name}.gz")));
            file.unwrap().set_modified(modified).unwrap();
        }
    }

    fn stop(&mut self, kill: bool) {
        if !self.running {
            return;
        }
        if !kill {
            self.rig.pass(Duration::from_millis(2500));
            self.persist();
        }
        self.note(if kill { "kill" } else { "stop" }.to_owned());
        self.rig.kill();
        self.print_state();
        self.running = false;
    }

    fn start(&mut self) {
        if !self.running {
            self.note("start".to_owned());
            self.rig.start();
            self.running = true;
        }
    }

    /// Other inputs for the same files, or none for some of them for a moment.
    fn reload(&mut self) {
        if self.running && self.random.chance(30) {
            let gone = self.inputs().swap_remove(0);
            self.change(vec![gone]);
            let base = BASES[self.random.below(2) as usize];
            self.write(base);
            self.rig.pass(Duration::from_millis(300));
        }
        let inputs = self.inputs();
        self.change(inputs);
    }

    /// One input or two, in any order, under any names.
    fn inputs(&mut self) -> Vec<Input> {
        let names = ["input", "other", "third"];
        let name = self.random.below(3) as usize;
        let [a, b] = self.globs;
        let mut inputs = match self.random.chance(40) {
            true => vec![input(names[name], &[a, b])],
            false => vec![input(names[name], &[a]), input(names[(name + 1) % 3], &[b])],
        };
        if self.random.chance(50) {
            inputs.reverse();
        }
        inputs
    }

    fn change(&mut self, inputs: Vec<Input>) {
        self.note(format!("inputs {inputs:?}"));
        if self.running {
            self.rig.reload(inputs);
        } else {
            self.rig.inputs = inputs;
        }
    }

    fn print_state(&self) {
        for record in self.rig.ledger.records() {
            println!(
                "  {} {} ino {} offset {} done {} gone {}",
                record.key,
                record.path.display(),
                record.ino,
                record.offset,
                record.done,
                record.gone_since
            );
        }
        for entry in fs::read_dir(self.rig.path("")).unwrap() {
            let entry = entry.unwrap();
            let facts = super::facts::Facts::of(&entry.path()).unwrap();
            println!("  {:?} {facts:?}", entry.file_name());
        }
    }

    fn check(&mut self, seed: u64) {
        self.start();
        self.rest();
        self.rig.pass_long();
        self.rig.settle_all();
        for (input, books) in self.rig.ledger.books() {
            assert_eq!(
                (books.pending, books.bytes_pending),
                (0, 0),
                "seed {seed}: {input}"
            );
        }
        let mut expected = self.written.clone();
        expected.sort();
        let texts = self.rig.texts();
        if texts == expected {
            return;
        }
        self.print_state();
        let count = |list: &[String], line: &String| list.iter().filter(|it| *it == line).count();
        let short = |line: &String| line.trim_end_matches('x').to_owned();
        let few = |mut list: Vec<String>| {
            list.dedup();
            (list.len(), list.into_iter().take(4).collect::<Vec<_>>())
        };
        let missing = few(expected
            .iter()
            .filter(|line| count(&texts, line) == 0)
            .map(short)
            .collect());
        let extra = few(texts
            .iter()
            .filter(|line| count(&expected, line) == 0)
            .map(short)
            .collect());
        let twice = few(texts
            .iter()
            .filter(|line| count(&texts, line) > 1)
            .map(short)
            .collect());
        let log = self.log[self.log.len().saturating_sub(60)..].join(", ");
        panic!(
            "seed {seed}: missing {missing:?}, extra {extra:?}, twice {twice:?}\n{} actions, the last ones: {log}",
            self.log.len()
        );
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// The runs of these seeds have found faults: what was rotated away before a start that was killed in its first look; a
/// file without a whole line that was rotated between two runs, and a reload; one that was compressed when next to nothing
/// of it was in the checkpoint.
const FOUND_FAULTS: [u64; 3] = [4868, 8488, 7269];

/// Where the seeds begin. Always the same ones: a check that fails now and then, whatever was changed, is one that people
/// learn to repeat. Who looks for faults gives another one.
const FIRST_SEED: u64 = 1;

#[test]
fn every_line_is_a_document_exactly_once() {
    let actions = setting("LOGMILL_MODEL_ACTIONS", 10_080);
    let first = setting("LOGMILL_MODEL_SEED", FIRST_SEED);
    let per_seed = 120;
    let seeds = first..first + actions.div_ceil(per_seed);
    for seed in FOUND_FAULTS.into_iter().chain(seeds) {
        if std::env::var_os("LOGMILL_MODEL_TRACE").is_some() {
            let _ = tracing_subscriber::fmt()
                .with_test_writer()
                .with_ansi(false)
                .without_time()
                .try_init();
        }
        println!("seed {seed}");
        let mut model = Model::new(seed);
        for step in 0..per_seed {
            model.act();
            if step % 40 == 39 {
                model.check(seed);
            }
        }
    }
}
