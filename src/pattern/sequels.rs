/// What came behind what the last time, by numbers that the one who asks gives out. Programs write the keys of their
/// lines in the same order over and over, so it is a good guess of what comes next, and never more than a guess.
#[derive(Clone, Debug, Default)]
pub struct Sequels {
    behind: Vec<u16>,
}

impl Sequels {
    /// What came behind `number`; anything, where nothing is known.
    #[inline(always)]
    pub fn behind(&self, number: usize) -> u16 {
        self.behind.get(number).copied().unwrap_or_default()
    }

    /// Keeps what has come behind `number`.
    #[inline]
    pub fn note(&mut self, number: usize, sequel: u16) {
        match self.behind.get_mut(number) {
            Some(behind) => *behind = sequel,
            None => self.grow(number, sequel),
        }
    }

    #[cold]
    fn grow(&mut self, number: usize, sequel: u16) {
        self.behind.resize(number + 1, 0);
        self.behind[number] = sequel;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sequel_is_kept() {
        let mut sequels = Sequels::default();
        assert_eq!(sequels.behind(7), 0);
        sequels.note(7, 3);
        sequels.note(2, 5);
        sequels.note(7, 4);
        assert_eq!([7, 2, 3].map(|number| sequels.behind(number)), [4, 5, 0]);
    }
}
