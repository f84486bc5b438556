//! `AlexaSkill` events.
//!
//! Source: SAM developer guide, "AlexaSkill".

use super::source::Source;
use crate::model::AlexaTrigger;
use crate::property::{Effect, Table};

pub(super) const TABLE: &Table = &[("SkillId", Effect::Read)];

pub(super) fn read(source: &Source) -> AlexaTrigger {
    AlexaTrigger {
        name: source.key.name.clone(),
        skill_id: source.text("SkillId", 1..=256),
        span: source.span(),
    }
}
