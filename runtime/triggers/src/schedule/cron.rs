//! The six fields of `cron(...)`, and the times that they mean.
//!
//! EventBridge guide, "Cron expressions reference"; EventBridge Scheduler guide, "Schedule types".
//! Fields are looked at when the template is read, which tells what is wrong with them; here a
//! wrong one is only not an expression.

use jiff::civil::{Date, DateTime, Time, Weekday};

/// Last year of an expression.
const LAST_YEAR: i16 = 2199;
const FIRST_YEAR: i16 = 1970;

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: Set,
    hours: Set,
    months: Set,
    years: Vec<i16>,
    days: Days,
}

/// Small numbers, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Set(u64);

impl Set {
    fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.0.checked_shr(value).unwrap_or(0) & 1 == 1)
    }
}

/// Which days of a month: one of the two fields, the other is `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Days {
    OfMonth(Vec<MonthDay>),
    OfWeek(Vec<WeekDay>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum MonthDay {
    In(Set),
    /// `L`, `L-3`: this many days before the last.
    BeforeLast(i8),
    /// `LW`.
    LastWorking,
    /// `15W`: the working day closest to it in the same month.
    Working(i8),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum WeekDay {
    /// From 1, Sunday.
    In(Set),
    /// `6L`: the last of the month.
    Last(i8),
    /// `3#2`: the second Tuesday.
    Nth(i8, i8),
}

/// Bounds of a field and the names of its values, from the least on.
struct Field(i16, i16, &'static [&'static str]);

impl Cron {
    /// Parses what stands between the brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, day_of_month, months, day_of_week, years] = fields[..] else {
            return None;
        };
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => return None,
            ("?", days) => Days::OfWeek(items(days, week_day)?),
            (days, "?") => Days::OfMonth(items(days, month_day)?),
            _ => return None,
        };
        Some(Self {
            minutes: set(minutes, &Field(0, 59, &[]))?,
            hours: set(hours, &Field(0, 23, &[]))?,
            months: set(months, &Field(1, 12, MONTHS))?,
            years: values(years, &Field(FIRST_YEAR, LAST_YEAR, &[]))?,
            days,
        })
    }

    /// The first time after `after` that the expression means, to the minute, in whatever zone
    /// that is. `None`: there is no more.
    pub(crate) fn next(&self, after: DateTime) -> Option<DateTime> {
        // The first whole minute after it.
        let minute = after.time().with().second(0).subsec_nanosecond(0).build().ok()?;
        let mut from = after.date().to_datetime(minute);
        from = from.checked_add(jiff::Span::new().minutes(1)).ok()?;
        loop {
            if from.year() > LAST_YEAR {
                return None;
            }
            let date = from.date();
            if !self.years.contains(&date.year()) {
                from = Date::new(date.year().checked_add(1)?, 1, 1).ok()?.to_datetime(Time::MIN);
            } else if !self.months.has(date.month()) {
                let first = date.last_of_month().tomorrow().ok()?;
                from = first.to_datetime(Time::MIN);
            } else if self.days.has(date)
                && let Some(time) = self.time(from.time())
            {
                return Some(date.to_datetime(time));
            } else {
                from = date.tomorrow().ok()?.to_datetime(Time::MIN);
            }
        }
    }

    /// The first time of a day that is not before this.
    fn time(&self, from: Time) -> Option<Time> {
        (from.hour()..24).filter(|hour| self.hours.has(*hour)).find_map(|hour| {
            let first = if hour == from.hour() { from.minute() } else { 0 };
            let minute = (first..60).find(|minute| self.minutes.has(*minute))?;
            Time::new(hour, minute, 0, 0).ok()
        })
    }
}

impl Days {
    fn has(&self, date: Date) -> bool {
        match self {
            Self::OfMonth(days) => days.iter().any(|day| day.is(date)),
            Self::OfWeek(days) => days.iter().any(|day| day.is(date)),
        }
    }
}

impl MonthDay {
    fn is(&self, date: Date) -> bool {
        let last = date.days_in_month();
        match self {
            Self::In(days) => days.has(date.day()),
            Self::BeforeLast(days) => date.day() == last - days,
            Self::LastWorking => working_day(date, last) == Some(date.day()),
            Self::Working(day) => *day <= last && working_day(date, *day) == Some(date.day()),
        }
    }
}

/// The day from Monday to Friday that is closest to this one, in the month of `date`.
fn working_day(date: Date, day: i8) -> Option<i8> {
    let last = date.days_in_month();
    let wanted = date.with().day(day).build().ok()?;
    Some(match wanted.weekday() {
        Weekday::Saturday if day == 1 => 3,
        Weekday::Saturday => day - 1,
        Weekday::Sunday if day == last => day - 2,
        Weekday::Sunday => day + 1,
        _ => day,
    })
}

impl WeekDay {
    fn is(&self, date: Date) -> bool {
        let day = date.weekday().to_sunday_one_offset();
        match self {
            Self::In(days) => days.has(day),
            Self::Last(wanted) => day == *wanted && date.day() + 7 > date.days_in_month(),
            Self::Nth(wanted, nth) => day == *wanted && (date.day() - 1) / 7 + 1 == *nth,
        }
    }
}

fn items<T>(text: &str, item: fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(item).collect()
}

fn month_day(item: &str) -> Option<MonthDay> {
    let field = Field(1, 31, &[]);
    let small = |value: i16| i8::try_from(value).ok();
    match item {
        "L" => return Some(MonthDay::BeforeLast(0)),
        "LW" => return Some(MonthDay::LastWorking),
        _ => {}
    }
    if let Some(before) = item.strip_prefix("L-") {
        return number(before).filter(|days| *days <= 30).and_then(small).map(MonthDay::BeforeLast);
    }
    if let Some(day) = item.strip_suffix('W') {
        return value(day, &field).and_then(small).map(MonthDay::Working);
    }
    set(item, &field).map(MonthDay::In)
}

fn week_day(item: &str) -> Option<WeekDay> {
    let field = Field(1, 7, DAYS);
    let day = |text: &str| value(text, &field).and_then(|day| i8::try_from(day).ok());
    if item == "L" {
        // The week's last day: Saturday.
        return set("7", &field).map(WeekDay::In);
    }
    if let Some(last) = item.strip_suffix('L') {
        return day(last).map(WeekDay::Last);
    }
    if let Some((wanted, nth)) = item.split_once('#') {
        let nth = number(nth).filter(|nth| (1..=5).contains(nth))?;
        return Some(WeekDay::Nth(day(wanted)?, i8::try_from(nth).ok()?));
    }
    set(item, &field).map(WeekDay::In)
}

/// The values of a whole field whose greatest is below 64.
fn set(text: &str, field: &Field) -> Option<Set> {
    let mut set = 0;
    for value in values(text, field)? {
        set |= 1_u64.checked_shl(u32::try_from(value).ok()?)?;
    }
    Some(Set(set))
}

/// `*`, `5`, `1-5`, `FRI-MON`, `0/15`, `8-17/3`, and lists of them.
fn values(text: &str, field: &Field) -> Option<Vec<i16>> {
    let Field(least, most, _) = *field;
    let mut values = Vec::new();
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(number(step).filter(|step| *step > 0)?)),
            None => (item, None),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (value(from, field)?, value(to, field)?),
            None if range == "*" => (least, most),
            None => {
                let from = value(range, field)?;
                (from, if step.is_some() { most } else { from })
            }
        };
        // `FRI-MON` goes over the end and begins anew.
        let turns = if from <= to { 0 } else { most - least + 1 };
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        let range = (from..=to + turns).step_by(step);
        values.extend(range.map(|value| if value > most { value - turns } else { value }));
    }
    Some(values)
}

/// A number or name within the bounds of its field.
fn value(text: &str, field: &Field) -> Option<i16> {
    let Field(least, most, names) = *field;
    if let Some(position) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return i16::try_from(position).ok().map(|position| least + position);
    }
    number(text).filter(|number| (least..=most).contains(number))
}

fn number(text: &str) -> Option<i16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
