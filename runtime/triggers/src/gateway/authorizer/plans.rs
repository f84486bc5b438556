//! API keys and usage plans of REST APIs.
//!
//! API Gateway guide, "Usage plans and API keys for REST APIs": a key is good for an API by a plan
//! that has both; limits and quotas are each key's own, over all APIs of the plan.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use samovar_app::{ApiKey, Quota, QuotaPeriod, UsagePlan};

use super::bucket::Bucket;
use super::identity::UsedKey;
use super::refusal::{Refusal, RefusalKind};

/// The keys and plans of an application.
#[derive(Default)]
pub(super) struct Plans {
    /// By the key's value.
    keys: HashMap<String, Key>,
}

struct Key {
    id: String,
    enabled: bool,
    /// The plans that it is in, at most one for each API.
    memberships: Vec<Membership>,
}

/// A key in a plan.
struct Membership {
    /// Logical ids, with the limits of methods by `/orders/GET`.
    apis: HashMap<String, HashMap<String, Bucket>>,
    bucket: Option<Bucket>,
    quota: Option<Counter>,
}

/// What is used of a quota.
struct Counter {
    quota: Quota,
    state: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    period: Option<Date>,
    /// Requests of this period, and the offset in the first one.
    requests: u32,
}

impl Plans {
    pub(super) fn new(keys: &[ApiKey], plans: &[UsagePlan]) -> Self {
        let key = |key: &ApiKey| {
            let of_key = plans.iter().filter(|plan| plan.keys.contains(&key.id));
            let memberships = of_key.map(Membership::new).collect();
            let known = Key { id: key.id.clone(), enabled: key.enabled, memberships };
            (key.value.clone(), known)
        };
        Self { keys: keys.iter().map(key).collect() }
    }

    /// Takes one request of a key's plan. `method` is `/orders/{id}/GET`.
    ///
    /// # Errors
    /// There is no key that is good for the API, or it has no more requests.
    pub(super) fn take(
        &self,
        value: Option<&str>,
        api: &str,
        method: &str,
        now: SystemTime,
    ) -> Result<UsedKey, Refusal> {
        let forbidden = || Refusal::from(RefusalKind::ApiKey);
        let value = value.ok_or_else(forbidden)?;
        let key = self.keys.get(value).filter(|key| key.enabled).ok_or_else(forbidden)?;
        let found = key.memberships.iter().find_map(|plan| Some((plan, plan.apis.get(api)?)));
        let (plan, methods) = found.ok_or_else(forbidden)?;
        // The limit of a method takes the place of the plan's.
        let bucket = methods.get(method).or(plan.bucket.as_ref());
        if bucket.is_some_and(|bucket| !bucket.take()) {
            return Err(RefusalKind::Throttled.into());
        }
        if plan.quota.as_ref().is_some_and(|quota| !quota.take(now)) {
            return Err(RefusalKind::Quota.into());
        }
        Ok(UsedKey { id: key.id.clone(), value: value.to_owned() })
    }
}

impl Membership {
    fn new(plan: &UsagePlan) -> Self {
        let apis = plan.apis.iter().map(|planned| {
            let methods = planned.methods.iter();
            let methods = methods.map(|(name, limit)| (name.clone(), Bucket::new(*limit)));
            (planned.api.clone(), methods.collect())
        });
        Self {
            apis: apis.collect(),
            bucket: plan.throttle.map(Bucket::new),
            quota: plan.quota.map(|quota| Counter { quota, state: Mutex::default() }),
        }
    }
}

impl Counter {
    /// Counts a request, if there is one left.
    fn take(&self, now: SystemTime) -> bool {
        let period = start(self.quota.period, now);
        let mut used = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if used.period != Some(period) {
            let is_first = used.period.is_none();
            let requests = if is_first { self.quota.offset } else { 0 };
            *used = Used { period: Some(period), requests };
        }
        let is_left = used.requests < self.quota.limit;
        if is_left {
            used.requests += 1;
        }
        is_left
    }
}

/// The first day of the period that a time is in.
fn start(period: QuotaPeriod, now: SystemTime) -> Date {
    let now = Timestamp::try_from(now).unwrap_or_default();
    let today = now.to_zoned(TimeZone::UTC).date();
    match period {
        QuotaPeriod::Day => today,
        QuotaPeriod::Week => {
            let days = i64::from(today.weekday().to_sunday_zero_offset());
            today.checked_sub(days.days()).unwrap_or(today)
        }
        QuotaPeriod::Month => today.first_of_month(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use samovar_app::{PlannedApi, Throttle};

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn key(id: &str, enabled: bool) -> ApiKey {
        let value = format!("value-of-{id}");
        ApiKey { logical_id: id.into(), id: id.into(), value, is_generated: false, enabled }
    }

    fn plan() -> UsagePlan {
        UsagePlan {
            logical_id: "Plan".into(),
            id: "plan".into(),
            apis: vec![PlannedApi { api: "Web".into(), methods: Default::default() }],
            throttle: None,
            quota: None,
            keys: vec!["a".into(), "b".into(), "off".into()],
        }
    }

    fn plans(plan: UsagePlan) -> Plans {
        let keys = [key("a", true), key("b", true), key("off", false), key("lone", true)];
        Plans::new(&keys, &[plan])
    }

    fn kind(result: Result<UsedKey, Refusal>) -> Option<RefusalKind> {
        result.err().map(|refusal| refusal.kind)
    }

    #[tokio::test(start_paused = true)]
    async fn only_keys_of_a_plan_with_the_api_are_good() {
        let plans = plans(plan());
        let take = |value, api| plans.take(value, api, "/GET", UNIX_EPOCH);
        assert_eq!(take(Some("value-of-a"), "Web").expect("good").id, "a");
        for (value, api) in [
            (None, "Web"),
            (Some(""), "Web"),
            (Some("a"), "Web"),
            (Some("value-of-off"), "Web"),
            (Some("value-of-lone"), "Web"),
            (Some("value-of-a"), "Other"),
        ] {
            assert_eq!(kind(take(value, api)), Some(RefusalKind::ApiKey), "{value:?} {api}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_key_has_its_own_limit() {
        let mut plan = plan();
        plan.throttle = Some(Throttle { rate: 1.0, burst: 1 });
        let slow = Throttle { rate: 1.0, burst: 2 };
        plan.apis[0].methods.insert("/slow/GET".into(), slow);
        let plans = plans(plan);
        let take = |value, method| plans.take(Some(value), "Web", method, UNIX_EPOCH);
        assert!(take("value-of-a", "/GET").is_ok());
        assert_eq!(kind(take("value-of-a", "/GET")), Some(RefusalKind::Throttled));
        assert!(take("value-of-b", "/GET").is_ok());
        assert!(take("value-of-a", "/slow/GET").is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(take("value-of-a", "/GET").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn quotas_begin_anew() {
        for (period, days) in
            [(QuotaPeriod::Day, 1), (QuotaPeriod::Week, 7), (QuotaPeriod::Month, 31)]
        {
            let mut plan = plan();
            plan.quota = Some(Quota { limit: 3, offset: 1, period });
            let plans = plans(plan);
            let take = |now| plans.take(Some("value-of-a"), "Web", "/GET", now);
            // 2020-03-01T00:00Z, a Sunday.
            let sunday = UNIX_EPOCH + Duration::from_secs(1_583_020_800);
            assert!(take(sunday).is_ok() && take(sunday + Duration::from_secs(1)).is_ok());
            let end = sunday + DAY * days - Duration::from_secs(1);
            assert_eq!(kind(take(end)), Some(RefusalKind::Quota), "{period:?}");
            let next = sunday + DAY * days;
            // The offset is the first period's only.
            assert!((0..3).all(|_| take(next).is_ok()), "{period:?}");
            assert_eq!(kind(take(next)), Some(RefusalKind::Quota), "{period:?}");
        }
    }
}
