//! The six fields of `cron(...)`.
//!
//! Source: EventBridge user guide, "Cron expressions reference"; EventBridge Scheduler user guide,
//! "Schedule types", has the same.

/// One of the fields.
struct Field {
    name: &'static str,
    least: u16,
    most: u16,
    /// Names of the values, from `least` on.
    names: &'static [&'static str],
}

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const DAY_OF_MONTH: usize = 2;
const DAY_OF_WEEK: usize = 4;

const FIELDS: [Field; 6] = [
    Field { name: "minutes", least: 0, most: 59, names: &[] },
    Field { name: "hours", least: 0, most: 23, names: &[] },
    Field { name: "day of month", least: 1, most: 31, names: &[] },
    Field { name: "month", least: 1, most: 12, names: MONTHS },
    Field { name: "day of week", least: 1, most: 7, names: DAYS },
    Field { name: "year", least: 1970, most: 2199, names: &[] },
];

/// Checks the fields; the error says what to write instead.
pub(super) fn check(text: &str) -> Result<(), String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err("`cron` takes six fields: minutes, hours, day of month, month, day of week, \
                    year"
            .to_owned());
    }
    for (index, (field, text)) in FIELDS.iter().zip(&fields).enumerate() {
        check_field(field, index, text)?;
    }
    match (fields[DAY_OF_MONTH], fields[DAY_OF_WEEK]) {
        ("?", "?") => Err("only one of day of month and day of week can be `?`".to_owned()),
        ("?", _) | (_, "?") => Ok(()),
        _ => Err("write `?` for the day of month or for the day of week: AWS takes one of them"
            .to_owned()),
    }
}

fn check_field(field: &Field, index: usize, text: &str) -> Result<(), String> {
    if text == "?" {
        return match index {
            DAY_OF_MONTH | DAY_OF_WEEK => Ok(()),
            _ => Err(format!("the field for {} cannot be `?`: write `*`", field.name)),
        };
    }
    if index == DAY_OF_WEEK && text.contains('#') && text.contains(',') {
        return Err("with `#` the day of week is one day alone, as in `3#2`".to_owned());
    }
    for item in text.split(',') {
        if !is_item(field, index, item) {
            let shown: String = item.chars().take(40).collect();
            let Field { name, least, most, names } = field;
            let names = match names {
                [first, .., last] => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            return Err(format!(
                "the field for {name} has `{shown}`: write {least} to {most}{names}, `*`, \
                 ranges `a-b`, steps `a/n`{}",
                match index {
                    DAY_OF_MONTH => ", `L` or `15W`",
                    DAY_OF_WEEK => ", `6L` or `3#2`",
                    _ => "",
                }
            ));
        }
    }
    Ok(())
}

fn is_item(field: &Field, index: usize, item: &str) -> bool {
    if index == DAY_OF_MONTH && is_special_day(field, item) {
        return true;
    }
    if index == DAY_OF_WEEK
        && let Some(day) = item.strip_suffix('L')
    {
        return day.is_empty() || value(field, day).is_some();
    }
    if index == DAY_OF_WEEK
        && let Some((day, nth)) = item.split_once('#')
    {
        return value(field, day).is_some() && matches!(nth, "1" | "2" | "3" | "4" | "5");
    }
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let is_step = step.is_none_or(|step| number(step).is_some_and(|step| step > 0));
    let is_range = match range.split_once('-') {
        // `FRI-MON` and `22-2` go over the end and begin anew; years do not.
        Some((from, to)) => match (value(field, from), value(field, to)) {
            (Some(from), Some(to)) => from <= to || field.most < 1970,
            _ => false,
        },
        None => range == "*" || value(field, range).is_some(),
    };
    is_step && is_range
}

/// `L`, the last day; `L-3`, three days before it; `LW` and `15W`, the working day closest to it.
fn is_special_day(field: &Field, item: &str) -> bool {
    match item {
        "L" | "LW" => true,
        _ => match (item.strip_prefix("L-"), item.strip_suffix('W')) {
            (Some(before), _) => number(before).is_some_and(|days| (1..=30).contains(&days)),
            (None, Some(day)) => value(field, day).is_some(),
            (None, None) => false,
        },
    }
}

/// A number or name in the field's bounds.
fn value(field: &Field, text: &str) -> Option<u16> {
    let named = field.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    if let Some(position) = named {
        return u16::try_from(position).ok().map(|position| field.least + position);
    }
    number(text).filter(|number| (field.least..=field.most).contains(number))
}

fn number(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_the_guide_shows() {
        for text in [
            "0 10 * * ? *",
            "15 12 * * ? *",
            "0 18 ? * MON-FRI *",
            "0 8 1 * ? *",
            "0/15 * * * ? *",
            "0/10 * ? * MON-FRI *",
            "0/5 8-17 ? * mon-fri *",
            "15,45 0-10/2 1-31/3,15 JAN,MAR-may ? 2026-2030",
            "0 0 L * ? *",
            "0 0 L-3 * ? *",
            "0 0 LW,3W * ? *",
            "30 9 ? * 6L *",
            "30 9 ? * FRI-MON 2026,2028",
            "30 9 ? * 3#2 *",
            "30 22-2 ? * THU#5 *",
            "0  0  ?  12  L  1970",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn every_field_is_named() {
        let values = "`*`, ranges `a-b`, steps `a/n`";
        for (text, help) in [
            ("60 0 * * ? *", format!("the field for minutes has `60`: write 0 to 59, {values}")),
            ("0 24 * * ? *", format!("the field for hours has `24`: write 0 to 23, {values}")),
            (
                "0 0 0 * ? *",
                format!(
                    "the field for day of month has `0`: write 1 to 31, {values}, `L` or `15W`"
                ),
            ),
            (
                "0 0 1 13 ? *",
                format!("the field for month has `13`: write 1 to 12 or JAN to DEC, {values}"),
            ),
            (
                "0 0 ? * 0-4 *",
                format!(
                    "the field for day of week has `0-4`: write 1 to 7 or SUN to SAT, {values}, \
                     `6L` or `3#2`"
                ),
            ),
            (
                "0 0 1 * ? 2030-2026",
                format!("the field for year has `2030-2026`: write 1970 to 2199, {values}"),
            ),
            ("0/0 0 1 * ? *", format!("the field for minutes has `0/0`: write 0 to 59, {values}")),
            ("1, 0 1 * ? *", format!("the field for minutes has ``: write 0 to 59, {values}")),
            ("? 0 1 * ? *", "the field for minutes cannot be `?`: write `*`".to_owned()),
            (
                "0 0 * * * *",
                "write `?` for the day of month or for the day of week: AWS takes one of them"
                    .to_owned(),
            ),
            ("0 0 ? * ? *", "only one of day of month and day of week can be `?`".to_owned()),
            (
                "0 0 ? * 3#1,6#3 *",
                "with `#` the day of week is one day alone, as in `3#2`".to_owned(),
            ),
            (
                "0 0 * * ?",
                "`cron` takes six fields: minutes, hours, day of month, month, day of week, year"
                    .to_owned(),
            ),
        ] {
            assert_eq!(check(text), Err(help), "{text}");
        }
    }
}
