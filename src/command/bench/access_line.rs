//! Access lines to measure with: as long as the budgets say, and as various as a shop's.

use std::io::Write;

/// Length of one line, its end not included. The budgets are about such lines.
pub const LINE_BYTES: usize = 276;

const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0",
];

/// What a line's referrer is filled up with.
const SLUG: &str = "solid-oak-table-with-six-chairs-and-a-bench-for-the-garden-in-natural-colour-made-to-order-within-\
                    fourteen-days-delivery-included-and-all-that";

/// At least `bytes` of lines in the form of the demo company's servers: *combined*, request time, request length,
/// session. Of 12 fields each, all of them there; always the same lines.
pub fn many(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + LINE_BYTES + 1);
    let mut random = Random(0x5eed);
    let mut millis = 0;
    while text.len() < bytes {
        // A thousand lines a second.
        millis += 1;
        line(millis / 1000, &mut random, &mut text);
    }
    text
}

fn line(secs: u64, random: &mut Random, text: &mut Vec<u8>) {
    let start = text.len();
    let id = 10_000 + random.below(90_000);
    let (method, path) = match random.below(8) {
        0 => ("GET", "/".to_owned()),
        1 => ("GET", format!("/api/products/{id}")),
        2 => ("GET", format!("/api/orders/{id}")),
        3 => ("POST", format!("/api/orders/{id}/items")),
        4 => ("GET", format!("/api/v2/customers/{id}/models")),
        5 => ("PUT", "/api/basket".to_owned()),
        6 => ("GET", "/assets/app.3f2a91.js".to_owned()),
        _ => ("GET", "/api/search/tables".to_owned()),
    };
    let status = [200, 200, 200, 200, 201, 304, 404, 500][random.below(8) as usize];
    let agent = AGENTS[random.below(AGENTS.len() as u64) as usize];
    let head = format!(
        "203.0.{}.{} - - [22/Nov/2026:17:{:02}:{:02} +0100] \"{method} {path} HTTP/1.1\" {status} {} \"https://shop.example.com/p/",
        random.below(256),
        random.below(256),
        secs / 60 % 60,
        secs % 60,
        random.below(100_000),
    );
    let tail = format!(
        "\" \"{agent}\" rt={}.{:03} rl={} sid=\"{:016x}\"",
        random.below(2),
        random.below(1000),
        200 + random.below(800),
        // A thousand people at a time: each makes a request a second.
        Random(1 + random.below(1000)).next(),
    );
    let filler = LINE_BYTES - head.len() - tail.len();
    // Writing to memory cannot fail.
    let _ = writeln!(text, "{head}{}{tail}", &SLUG[..filler]);
    debug_assert_eq!(text.len() - start, LINE_BYTES + 1);
}

/// Numbers that look random: xorshift64* (Vigna, 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 32) % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_as_long_as_the_budgets_say() {
        let text = many(1 << 20);
        let mut lines = 0;
        for line in text.strip_suffix(b"\n").unwrap().split(|&byte| byte == b'\n') {
            assert_eq!(line.len(), LINE_BYTES, "{}", String::from_utf8_lossy(line));
            lines += 1;
        }
        assert!(lines > 3_000);
    }
}
