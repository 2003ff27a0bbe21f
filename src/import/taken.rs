//! What a plan cannot have: names of fields that are taken, and a path twice.

use super::pipeline::Pipeline;
use super::plan::Plan;
use super::report::{At, Report};
use crate::event::ecs::{self, Taken};

/// Makes the plan one that `check` takes, and says what has changed. `at`: the beginning of the file.
pub fn settle(plan: &mut Plan, at: &At, report: &mut Report) {
    for pipeline in &mut plan.pipelines {
        give_way(pipeline, at, report);
    }
    read_once(plan, at, report);
}

/// Gives every field of the pipeline whose name is taken another one, as keys of lines that are called so get it.
fn give_way(pipeline: &mut Pipeline, at: &At, report: &mut Report) {
    let mut names = Vec::new();
    pipeline.names_mut(|name| names.push(name.clone()));
    let is_removed = |name: &str| pipeline.remove.iter().any(|removed| removed == name);
    let shown = || names.iter().map(String::as_str).filter(|name| !is_removed(name));
    let mut changed: Vec<(&str, String)> = Vec::new();
    for name in &names {
        let Some(taken) = ecs::taken(name, shown()) else {
            continue;
        };
        // What no document has is in nobody's way, but `remove` cannot name what is the agent's.
        let stays = is_removed(name) && taken != Taken::ByAgent;
        if stays || changed.iter().any(|(before, _)| before == name) {
            continue;
        }
        let instead = match taken.instead(name) {
            meant if names.contains(&meant) => ecs::label(name),
            free => free,
        };
        let why = match taken {
            Taken::ByAgent => format!("logmill itself says `{name}` of every event"),
            Taken::Object(_) => format!("`{name}` is what other fields of a document are in"),
            Taken::Within(outer) => format!("`{outer}` has a value, and a document cannot have both"),
        };
        report.changed(at, format!("field `{name}`"), format!("`{instead}`: {why}"));
        changed.push((name, instead));
    }
    pipeline.names_mut(|name| {
        if let Some((_, instead)) = changed.iter().find(|(before, _)| before == name) {
            name.clone_from(instead);
        }
    });
    for (before, instead) in &changed {
        pipeline.follow(before, instead);
    }
}

/// Leaves a path to the first input that names it.
fn read_once(plan: &mut Plan, at: &At, report: &mut Report) {
    let mut known: Vec<String> = Vec::new();
    for input in &mut plan.inputs {
        let pipeline = input.pipeline.clone();
        input.paths.retain(|path| {
            let first = !known.contains(path);
            if first {
                known.push(path.clone());
            } else {
                report.left(
                    at,
                    format!("`{path}` with the pipeline `{pipeline}`"),
                    "an [[input]] before has the path, and a file belongs to one; put the two pipelines together",
                );
            }
            first
        });
    }
    plan.inputs.retain(|input| !input.paths.is_empty());
}
