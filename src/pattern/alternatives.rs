use super::needle::Line;
use super::run::{Program, Step, follow};
use super::scene::Scene;
use super::separator::Separator;
use crate::event::{FieldId, Value};

/// Patterns of which the first that matches the whole event wins.
///
/// What patterns that stand next to each other have in common from their beginning is matched once for all of
/// them: a tree whose branches are tried in the order of the patterns.
///
/// ```text
/// {a} {b}x        {a}␣ ─┬─ {b}x
/// {a} {c:int}y          └─ {c:int}y
/// ```
///
/// A pattern never looks back, so what a common beginning took is what each pattern by itself would have taken.
#[derive(Clone, Debug, Default)]
pub struct Alternatives {
    programs: Box<[Program]>,
    branches: Vec<Branch>,
}

/// Steps one behind the other, and then the branches, of which the first that matches is the way on; without any
/// the event must end here.
#[derive(Clone, Debug)]
struct Branch {
    /// Before the first step; nothing but at the root.
    lead: Separator,
    steps: Vec<Step>,
    /// What the steps can set, in their order; their `fields_to` count in here.
    fields: Vec<FieldId>,
    branches: Vec<Branch>,
}

impl From<Vec<Program>> for Alternatives {
    fn from(programs: Vec<Program>) -> Self {
        let mut branches = Vec::new();
        for program in &programs {
            let branch = Branch {
                lead: program.lead.clone(),
                steps: program.steps.to_vec(),
                fields: program.fields.to_vec(),
                branches: Vec::new(),
            };
            add(&mut branches, branch);
        }
        Alternatives {
            programs: programs.into(),
            branches,
        }
    }
}

impl Alternatives {
    /// Sets the fields of the first pattern that matches the whole of `input`; false where none does, and then no
    /// field that a pattern set is set any more.
    pub fn run<'a>(&self, input: &'a [u8], scene: &mut Scene<'a, '_>) -> bool {
        self.walk(input, Line::new(input), scene)
    }

    /// [`Alternatives::run`] for an input that is known to have no line end.
    pub fn run_line<'a>(&self, input: &'a [u8], scene: &mut Scene<'a, '_>) -> bool {
        self.walk(input, Line::only(input), scene)
    }

    fn walk<'a>(&self, input: &'a [u8], mut line: Line<'a>, scene: &mut Scene<'a, '_>) -> bool {
        let mut branches = self.branches.iter();
        branches.any(|branch| branch.run(input, &mut line, 0, scene))
    }

    /// Each by itself, in their order.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }
}

impl Branch {
    fn run<'a>(&self, input: &'a [u8], line: &mut Line<'a>, at: usize, scene: &mut Scene<'a, '_>) -> bool {
        let Some(at) = self.lead.here(input, at) else {
            return false;
        };
        let (matched, done) = match follow(&self.steps, input, line, at, scene) {
            Ok(at) if self.branches.is_empty() => (at == input.len(), self.steps.len()),
            Ok(at) => {
                let mut branches = self.branches.iter();
                let matched = branches.any(|branch| branch.run(input, line, at, scene));
                (matched, self.steps.len())
            }
            Err(mismatch) => (false, mismatch.captures_done()),
        };
        if !matched {
            self.forget(done, scene);
        }
        matched
    }

    #[cold]
    fn forget(&self, done: usize, scene: &mut Scene<'_, '_>) {
        let to = done.checked_sub(1).map_or(0, |last| self.steps[last].fields_to);
        for &field in &self.fields[..to] {
            scene.fields.set(field, Value::Absent);
        }
    }

    /// Leaves the first `length` steps; what was behind them becomes its only branch.
    fn split(&mut self, length: usize) {
        let rest = self.tail(length);
        self.fields.truncate(self.steps[length - 1].fields_to);
        self.steps.truncate(length);
        self.branches = vec![rest];
    }

    /// What is behind the first `length` steps, of which there is one at least.
    fn tail(&self, length: usize) -> Branch {
        let fields_from = self.steps[length - 1].fields_to;
        let mut steps = self.steps[length..].to_vec();
        for step in &mut steps {
            step.fields_to -= fields_from;
        }
        Branch {
            lead: Separator::Nothing,
            steps,
            fields: self.fields[fields_from..].to_vec(),
            branches: self.branches.clone(),
        }
    }
}

/// Puts a pattern, or the rest of one, behind those that are there. It may share only with the last of them: the
/// order is what decides between two that match.
fn add(branches: &mut Vec<Branch>, new: Branch) {
    if let Some(last) = branches.last_mut().filter(|last| last.lead == new.lead) {
        let pairs = last.steps.iter().zip(&new.steps);
        let common = pairs.take_while(|(old, new)| old == new).count();
        // Where one ends the other does not go on: the last step of a pattern says that the event ends behind it.
        if common > 0 && common < new.steps.len() {
            if common < last.steps.len() {
                last.split(common);
                return add(&mut last.branches, new.tail(common));
            }
            if !last.branches.is_empty() {
                return add(&mut last.branches, new.tail(common));
            }
        }
    }
    branches.push(new);
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Fields, Schema, Timestamp};
    use crate::pattern::Clock;

    /// What the first pattern sets that matches, as text: by the tree, and by each pattern in turn.
    fn both(patterns: &[&str], input: &str) -> [String; 2] {
        let mut schema = Schema::default();
        let programs: Vec<Program> = patterns
            .iter()
            .map(|pattern| Program::compile(pattern, &mut schema).unwrap())
            .collect();
        let alternatives = Alternatives::from(programs);
        let way = |run: &dyn Fn(&mut Scene<'_, '_>) -> bool| {
            let (arena, mut fields) = (Bump::new(), Fields::new(schema.len()));
            let mut clock = Clock::new(jiff::tz::TimeZone::UTC, Timestamp::from_millis(0));
            let mut scene = Scene {
                fields: &mut fields,
                clock: &mut clock,
                arena: &arena,
            };
            let matched = run(&mut scene);
            format!("{matched} {}", crate::pattern::tests::show(&schema, &fields))
        };
        // A closure cannot be general over the lifetime of the fields, so the text outlives them.
        let input: &'static [u8] = Box::leak(input.as_bytes().to_vec().into());
        [
            way(&|scene| match input.contains(&b'\n') {
                true => alternatives.run(input, &mut rebind(scene)),
                false => alternatives.run_line(input, &mut rebind(scene)),
            }),
            way(&|scene| {
                let mut programs = alternatives.programs().iter();
                programs.any(|program| program.run(input, &mut rebind(scene)).is_ok())
            }),
        ]
    }

    fn rebind<'a, 's>(scene: &'s mut Scene<'a, '_>) -> Scene<'a, 's> {
        Scene {
            fields: scene.fields,
            clock: scene.clock,
            arena: scene.arena,
        }
    }

    const ACCESS: [&str; 5] = [
        "{ip} {user?} {status:int} {agent}",
        "{ip} {user?} {status:int} {agent} rt={time:seconds}",
        "{ip} {user?} {status:int} \"{agent}\" rt={time:seconds} x{x}",
        "{ip} {user?} up {message}",
        "{message}",
    ];

    #[test]
    fn a_common_beginning_is_there_once() {
        let mut schema = Schema::default();
        let compile = |pattern: &&str| Program::compile(pattern, &mut schema).unwrap();
        let alternatives = Alternatives::from(ACCESS[1..].iter().map(compile).collect::<Vec<_>>());
        let shape = |branch: &Branch| (branch.steps.len(), branch.branches.len());
        let shapes: Vec<_> = alternatives.branches.iter().map(shape).collect();
        assert_eq!(shapes, [(1, 2), (1, 0)]);
        assert_eq!(alternatives.programs().len(), 4);
    }

    #[test]
    fn the_first_that_matches_wins() {
        for (input, expected) in [
            (
                "1.2.3.4 bob 200 curl",
                "true ip=1.2.3.4 user=bob status=200 agent=curl",
            ),
            ("1.2.3.4 - up and away", "true ip=1.2.3.4 message=and away"),
            ("alone", "true message=alone"),
        ] {
            let [tree, each] = both(&ACCESS, input);
            assert_eq!(tree, expected, "{input}");
            assert_eq!(each, expected, "{input}");
        }
    }

    proptest! {
        #[test]
        fn a_tree_is_its_patterns_in_turn(
            order in Just(ACCESS.to_vec()).prop_shuffle(),
            count in 1usize..=5,
            words in prop::collection::vec(
                prop_oneof![
                    Just("1.2.3.4"), Just("-"), Just("200"), Just("up"), Just("\"curl\""), Just("rt=0.5"),
                    Just("rt=0.5s"), Just("xy"), Just("a b"), Just(""),
                ],
                0..7,
            ),
        ) {
            let input = words.join(" ");
            let [tree, each] = both(&order[..count], &input);
            prop_assert_eq!(tree, each);
        }
    }
}
