//! `IoTRule` events.
//!
//! Source: SAM developer guide, "IoTRule"; AWS IoT developer guide, "SQL versions".

use super::source::Source;
use crate::model::IotTrigger;
use crate::property::{Effect, Table};

pub(super) const TABLE: &Table = &[("AwsIotSqlVersion", Effect::Read), ("Sql", Effect::Read)];

pub(super) fn read(source: &Source) -> Option<IotTrigger> {
    let versions = ["2015-10-08", "2016-03-23", "beta"];
    let sql_version = source.choice("AwsIotSqlVersion", &versions).map(str::to_owned);
    source.required("Sql", "add one: `Sql: SELECT * FROM 'topic'`")?;
    Some(IotTrigger {
        name: source.key.name.clone(),
        sql: source.text("Sql", 1..=65_536)?,
        sql_version,
        span: source.span(),
    })
}
