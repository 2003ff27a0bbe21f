//! What inputs are called. Books and positions are kept under these names from run to run, so nothing in them may
//! depend on which other inputs stand above one.

use crate::config::{Diagnostic, Diagnostics, InputSettings, Spanned};

/// Gives every input a name that no other has: the written one, or what is read for whom, with a path where that
/// alone would name several.
pub(super) fn name_all(
    inputs: Vec<(InputSettings, Option<Spanned<String>>)>,
    d: &mut Diagnostics,
) -> Vec<InputSettings> {
    let (mut inputs, written): (Vec<_>, Vec<_>) = inputs.into_iter().unzip();
    let plain: Vec<String> = inputs
        .iter()
        .zip(&written)
        .map(|(input, written)| match written {
            Some(name) => name.value.clone(),
            None => kind(input),
        })
        .collect();
    for (index, input) in inputs.iter_mut().enumerate() {
        let is_alone = plain.iter().filter(|name| **name == plain[index]).count() == 1;
        input.name = match written[index].is_some() || is_alone {
            true => plain[index].clone(),
            false => format!("{}:{}", plain[index], first_path(input)),
        };
    }
    for (index, name) in written.iter().enumerate() {
        let Some(name) = name else { continue };
        let twice = inputs[..index].iter().any(|before| before.name == name.value)
            // One that was called so by its paths is not to blame.
            || (index + 1..inputs.len()).any(|at| written[at].is_none() && inputs[at].name == name.value);
        if twice {
            d.push(
                Diagnostic::error(format!("two inputs are called `{}`", name.value))
                    .at_value(name, "")
                    .help("their books are kept under their names; choose another one"),
            );
        }
    }
    inputs
}

/// What is read for whom.
fn kind(input: &InputSettings) -> String {
    match &input.service {
        Some(service) => format!("{service}/{}", input.pipeline.value),
        None => input.pipeline.value.clone(),
    }
}

/// The first in the order of the alphabet; no two inputs have the same path.
fn first_path(input: &InputSettings) -> &str {
    let paths = input.paths.iter().map(|path| path.value.as_str());
    paths.min().unwrap_or_default()
}
