use std::ops::Range;

/// Makes inputs from seeds.
pub struct Mutator(u64);

/// An input is at most so long, so that many are tried. In bytes.
const BYTES_MAX: usize = 4096;

/// Most changes that are made to one seed.
const CHANGES_MAX: usize = 8;

/// What parsers tend to trip over.
const TOKENS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b":",
    b",",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"-",
    b"?",
    b"{{",
    b"}}",
    b"{_}",
    b"{a:int}",
    b"0",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"null",
    b" P ",
    b" F ",
    b"{\"create\":{\"status\":201}},",
    b"\"status\":",
    b"\"error\":{",
];

impl Mutator {
    pub fn new(seed: u64) -> Mutator {
        // Zero is the one state that xorshift does not leave.
        Mutator(seed.max(1))
    }

    /// A piece of one of the seeds, changed here and there.
    pub fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let seed = &seeds[self.below(seeds.len())];
        let piece = if seed.len() > BYTES_MAX {
            let from = self.below(seed.len() - BYTES_MAX);
            &seed[from..from + BYTES_MAX]
        } else {
            &seed[..]
        };
        let mut input = piece.to_vec();
        for _ in 0..self.below(CHANGES_MAX + 1) {
            self.change(&mut input, seeds);
        }
        input.truncate(2 * BYTES_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let range = self.range(input.len());
        match self.below(8) {
            0 if !input.is_empty() => {
                let at = self.below(input.len());
                input[at] ^= 1 << self.below(8);
            }
            1 => drop(input.drain(range)),
            2 => input.truncate(range.end),
            3 => {
                let copy = input[range.clone()].to_vec();
                input.splice(range.end..range.end, copy);
            }
            4 => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.range(other.len());
                input.splice(range, other[from].iter().copied());
            }
            5 => {
                let byte = self.below(256) as u8;
                input.splice(range.start..range.start, [byte]);
            }
            _ => {
                let token = TOKENS[self.below(TOKENS.len())];
                input.splice(range.start..range.start, token.iter().copied());
            }
        }
    }

    /// Some 100 bytes at most, anywhere below `end`.
    fn range(&mut self, end: usize) -> Range<usize> {
        let from = self.below(end + 1);
        from..(from + self.below(100)).min(end)
    }

    /// 0 to `end` - 1, and 0 where there is nothing below `end`. Marsaglia's xorshift64.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }
}
