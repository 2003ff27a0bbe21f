use super::scan::{Broken, Scan};
use crate::format::Mismatch;
use crate::format::rule::{Extras, FEW, Found, NodeId, Places, Rule};
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
            Err(Mismatch {
                at: text.len() - body.len() + line.scan.at(),
            })
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

impl<'a> Line<'a, '_> {
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
        loop {
            let (key, escaped) = self.scan.key()?;
            let key = if escaped {
                super::unescaped(key, scene.arena)
            } else {
                key
            };
            self.member(node, key, depth, scene)?;
            if self.scan.take(b'}') {
                return Ok(());
            }
            self.scan.expect(b',')?;
        }
    }

    /// A list behind its bracket, as an object whose keys are the places from 0 on.
    fn list(&mut self, node: NodeId, depth: usize, scene: &mut Scene<'a, '_>) -> Result<(), Broken> {
        self.scan.blanks();
        if self.scan.take(b']') {
            return Ok(());
        }
        for place in 0usize.. {
            let key = scene
                .arena
                .alloc_slice_copy(itoa::Buffer::new().format(place).as_bytes());
            self.member(node, key, depth, scene)?;
            if self.scan.take(b']') {
                break;
            }
            self.scan.expect(b',')?;
        }
        Ok(())
    }

    fn member(
        &mut self,
        node: NodeId,
        key: &'a [u8],
        depth: usize,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), Broken> {
        let member = self.rule.member(node, key).unwrap_or_default();
        if let Some(inner) = member.node {
            self.scan.blanks();
            let deeper = depth < crate::limits::JSON_DEPTH_MAX;
            match self.scan.peek() {
                Some(b'{') if deeper => {
                    self.scan.jump(self.scan.at() + 1);
                    return self.object(inner, depth + 1, scene);
                }
                Some(b'[') if deeper && self.rule.wants_elements(inner) => {
                    self.scan.jump(self.scan.at() + 1);
                    return self.list(inner, depth + 1, scene);
                }
                _ => {}
            }
        }
        let (raw, shape) = self.scan.value(depth)?;
        let found = Found::Json(raw, shape);
        if let Some(path) = member.path {
            self.places.put(path, found);
            return Ok(());
        }
        let found = (found, self.dirty());
        self.rule
            .leave((node, key), member.otherwise, found, &mut self.extras, scene)
            .map_err(|_| Broken)
    }
}
