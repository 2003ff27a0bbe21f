use super::scan::{Broken, Scan};
use crate::format::Mismatch;
use crate::format::rule::{Ends, Extras, FEW, Found, Member, NodeId, Places, Rule};
use crate::pattern::Scene;

/// Reads a line that is one JSON object, and blanks around it. In one pass: a value that nobody wants is skipped over, and
/// copied as it is where the rule keeps it.
///
/// What is no such line, or nests deeper than [`crate::limits::JSON_DEPTH_MAX`], or has more than
/// [`crate::limits::EXTRAS_MAX`] unknown keys, sets nothing.
pub fn parse<'a>(rule: &Rule, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
    let body = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let mut few = [0; FEW];
    let mut line = Line {
        rule,
        scan: Scan::new(body, 0),
        extras: Extras::new(scene),
        places: Places::new(rule.paths(), &mut few, scene.arena),
        utf8: simdutf8::basic::from_utf8(body).is_ok(),
    };
    match line.read(scene) {
        Ok(()) => Ok(()),
        Err(Broken) => {
            line.extras.undo(scene);
            // What is no JSON is explained to who asks; no line pays for it.
            Err(Mismatch::too_many_keys(text.len() - body.len() + line.scan.at()))
        }
    }
}

struct Line<'a, 'r> {
    rule: &'r Rule,
    scan: Scan<'a>,
    extras: Extras<'a>,
    places: Places<'a, 'r>,
    utf8: bool,
}

impl<'a, 'r> Line<'a, 'r> {
    fn read(&mut self, scene: &mut Scene<'a, '_>) -> Result<(), Broken> {
        self.scan.expect(b'{')?;
        self.object(NodeId::ROOT, 1, scene)?;
        self.scan.blanks();
        if self.scan.peek().is_some() {
            return Err(Broken);
        }
        let dirty = self.dirty();
        self.rule
            .finish(&mut self.places, dirty, &mut self.extras, scene)
            .map_err(|_| Broken)
    }

    fn dirty(&self) -> bool {
        !self.utf8 || self.scan.has_surrogates()
    }

    /// An object behind its brace, `depth` levels deep. Recursive along the rule's paths only.
    fn object(&mut self, node: NodeId, depth: usize, scene: &mut Scene<'a, '_>) -> Result<(), Broken> {
        if self.scan.take(b'}') {
            return Ok(());
        }
        let (first, mut last) = self.rule.numbers(node);
        loop {
            let place = scene.clock.keys().behind(last);
            let foreseen = self.rule.at(node, place).and_then(|entry| {
                let key = self.scan.take_key(&entry.written)?;
                Some((self.scan.piece(key), &entry.member))
            });
            let (key, member) = match foreseen {
                Some(found) => {
                    last = first + usize::from(place);
                    found
                }
                None => {
                    let (key, place, member) = self.key(node, scene)?;
                    if let Some(place) = place {
                        scene.clock.keys().note(last, place);
                        last = first + usize::from(place);
                    }
                    (key, member)
                }
            };
            self.member((node, key), member, depth, scene)?;
            if !self.scan.take(b',') {
                return self.scan.expect(b'}');
            }
        }
    }

    /// A key, and what it is among those of the object at `node`.
    #[inline(never)]
    fn key(
        &mut self,
        node: NodeId,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(&'a [u8], Option<u16>, &'r Member), Broken> {
        let (key, escaped) = self.scan.key_place()?;
        let ends = if escaped {
            None
        } else {
            Some(self.scan.ends_of(&key))
        };
        let key = self.scan.piece(key);
        let (key, ends) = match ends {
            Some(ends) => (key, ends),
            None => {
                let key = super::unescaped(key, scene.arena);
                (key, Ends::of(key))
            }
        };
        let (place, member) = self.rule.find(node, key, &ends);
        Ok((key, place, member))
    }

    /// A list behind its bracket, as an object whose keys are the places from 0 on.
    fn list(&mut self, node: NodeId, depth: usize, scene: &mut Scene<'a, '_>) -> Result<(), Broken> {
        if self.scan.take(b']') {
            return Ok(());
        }
        for place in 0usize.. {
            let key: &[u8] = match FIRST_PLACES.get(place..=place) {
                Some(digit) => digit,
                None => scene
                    .arena
                    .alloc_slice_copy(itoa::Buffer::new().format(place).as_bytes()),
            };
            let member = self.rule.member(node, key);
            self.member((node, key), member, depth, scene)?;
            if !self.scan.take(b',') {
                break;
            }
        }
        self.scan.expect(b']')
    }

    /// The value of a member.
    #[inline(always)]
    fn member(
        &mut self,
        key: (NodeId, &'a [u8]),
        member: &Member,
        depth: usize,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), Broken> {
        if let Some(inner) = member.node
            && self.inner(inner, depth, scene)?
        {
            return Ok(());
        }
        let (raw, shape) = self.scan.value(depth)?;
        let found = Found::Json(raw, shape);
        if let Some(path) = member.path {
            let before = self.places.put(path, found);
            if before != Found::Nothing && before != found {
                return self.displaced(path, before, scene);
            }
            return Ok(());
        }
        let found = (found, self.dirty());
        self.rule
            .leave(key, member.otherwise, found, &mut self.extras, scene)
            .map_err(|_| Broken)
    }

    /// Keeps the value that another of the same path takes the place of.
    #[cold]
    fn displaced(&mut self, path: u16, found: Found<'a>, scene: &mut Scene<'a, '_>) -> Result<(), Broken> {
        let found = (found, self.dirty());
        self.rule
            .leave_displaced(path, found, &mut self.extras, scene)
            .map_err(|_| Broken)
    }

    /// Goes into the value that comes next if it is an object, or a list whose elements are wanted; whether it was.
    #[inline(never)]
    fn inner(&mut self, node: NodeId, depth: usize, scene: &mut Scene<'a, '_>) -> Result<bool, Broken> {
        if depth >= crate::limits::JSON_DEPTH_MAX {
            return Ok(false);
        }
        if self.scan.take(b'{') {
            self.object(node, depth + 1, scene)?;
            return Ok(true);
        }
        let is_list = self.rule.wants_elements(node) && self.scan.take(b'[');
        if is_list {
            self.list(node, depth + 1, scene)?;
        }
        Ok(is_list)
    }
}

/// The names of the first places of a list, each of one byte.
const FIRST_PLACES: &[u8] = b"0123456789";
