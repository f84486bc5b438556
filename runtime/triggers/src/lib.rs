//! Events in, invocations out: HTTP gateway, queue poller, topics, event buses, schedules.
//!
//! Each trigger turns what happens outside (a request, messages, a tick) into the event that AWS
//! would send, gives it to the dispatcher, and does with the outcome what AWS does. What nobody
//! waits for goes by [`Deliveries`], which keeps it on disk until then.

mod bus;
mod deliveries;
mod gateway;
mod mappings;
mod pattern;
mod poller;
mod schedule;
mod target;
#[cfg(test)]
mod testing;
mod time;
mod topic;

pub use bus::{Entry, EntryError, EventBuses, PutEventsError, TryPatternError, try_pattern};
pub use deliveries::{AsynchronousEvent, Deliveries, Outlets, TimeScale};
pub use gateway::{AccessLog, Answered, Authorizing, Connections, Gateway, KeyFileError, Services};
pub use mappings::{Mapping, Mappings};
pub use poller::Poller;
pub use schedule::{FireError, ScheduleInfo, Schedules};
pub use topic::{LedgerError, Publication, Published, SubscriptionInfo, TopicError, Topics};
