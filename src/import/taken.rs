//! What a plan cannot have twice: names of fields that are the agent's own, and paths.

use super::pipeline::Pipeline;
use super::plan::Plan;
use super::report::{At, Report};
use crate::event::ecs;

/// Makes the plan one that `check` takes, and says what has changed. `at`: the beginning of the file.
pub fn settle(plan: &mut Plan, at: &At, report: &mut Report) {
    for pipeline in &mut plan.pipelines {
        give_way(pipeline, at, report);
    }
    read_once(plan, at, report);
}

/// Gives every field of the pipeline that is called like one of the agent's own the name of a label, as keys of lines
/// that are called so get it.
fn give_way(pipeline: &mut Pipeline, at: &At, report: &mut Report) {
    let mut changed = Vec::new();
    pipeline.names_mut(|name| {
        if ecs::is_of_agent(name) {
            let label = ecs::label(name);
            let taken = std::mem::replace(name, label);
            changed.push((taken, name.clone()));
        }
    });
    for (taken, label) in changed {
        pipeline.follow(&taken, &label);
        report.changed(
            at,
            format!("field `{taken}`"),
            format!("`{label}`: logmill itself says `{taken}` of every event"),
        );
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
