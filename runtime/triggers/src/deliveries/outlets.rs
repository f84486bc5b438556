//! Where outcomes go: queues, topics, functions and event buses, by their ARNs.

use std::sync::Arc;

use samovar_app::Function;
use samovar_queue::{ErrorKind, MessageAttributes, QueueError, SendMessage};

use super::outcome::{Outcome, dead_letter_attributes, qualified_arn};
use super::parcel::{Limits, Origin, Parcel};
use super::{Deliveries, Shared};
use crate::bus::{Entry, EventBuses, PutEventsError};
use crate::topic::{Publication, Topics};

/// What destinations reach beside queues and functions. By default nothing.
#[derive(Clone, Default)]
pub struct Outlets {
    /// The application's topics.
    pub topics: Option<Topics>,
    /// Its event buses.
    pub buses: Option<EventBuses>,
}

/// What is sent, in the forms that the services want.
struct Letter<'l> {
    body: String,
    attributes: MessageAttributes,
    detail_type: &'static str,
    /// ARN of the function whose outcome it is, with its version.
    function: &'l str,
}

impl Shared {
    /// Tells the destinations of a function what has become of an event. Destinations that are
    /// not there, and those that refuse the record, get nothing.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn tell(
        self: &Arc<Self>,
        parcel: &Parcel,
        outcome: &Outcome<'_>,
        outlets: &Outlets,
    ) -> Result<(), QueueError> {
        // The settings of today: a function that is gone has none.
        let Some(function) = self.dispatcher.resolve(&parcel.qualified_name()) else {
            return Ok(());
        };
        let settings = &function.asynchronous;
        let destination = match outcome {
            Outcome::Success(_) => &settings.on_success,
            Outcome::Failure(_) => &settings.on_failure,
        };
        let arn = qualified_arn(parcel, &function);
        if let Some(destination) = destination {
            let letter = Letter {
                body: outcome.record(parcel, &function, self.clock.now()),
                attributes: MessageAttributes::new(),
                detail_type: outcome.detail_type(),
                function: &arn,
            };
            self.send(&destination.arn, &function, letter, outlets).await?;
        }
        if let (Outcome::Failure(failure), Some(dead_letter)) = (outcome, &function.dead_letter) {
            let letter = Letter {
                body: String::from_utf8_lossy(&parcel.payload).into_owned(),
                attributes: dead_letter_attributes(parcel, failure),
                detail_type: outcome.detail_type(),
                function: &arn,
            };
            self.send(&dead_letter.arn, &function, letter, outlets).await?;
        }
        Ok(())
    }

    async fn send(
        self: &Arc<Self>,
        arn: &str,
        function: &Function,
        letter: Letter<'_>,
        outlets: &Outlets,
    ) -> Result<(), QueueError> {
        // Everything that is served here is of the function's own region and account.
        let place =
            |arn: &str| arn.split(':').skip(3).take(2).map(str::to_owned).collect::<Vec<_>>();
        if place(arn) != place(&function.arn) {
            return Ok(());
        }
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let sent = match (parts.get(2).copied(), parts.get(5).copied()) {
            (Some("sqs"), Some(queue)) => {
                let Letter { body, attributes, .. } = letter;
                let message = SendMessage { attributes, ..SendMessage::new(body) };
                self.queues.send_message(queue, message).await.map(|_sent| ())
            }
            (Some("lambda"), _) => {
                let Some(target) = self.dispatcher.resolve(arn) else { return Ok(()) };
                let mut parcel = Parcel::new(
                    &target,
                    Origin::Function(function.name.clone()),
                    Limits::of_function(&target),
                    None,
                    letter.body,
                    self.clock.now(),
                );
                parcel.label.call.qualifier = qualifier(arn).map(str::to_owned);
                Deliveries(self.clone()).accept(vec![parcel]).await
            }
            (Some("sns"), _) => match &outlets.topics {
                Some(topics) => publish(topics, arn, letter).await,
                None => Ok(()),
            },
            (Some("events"), _) => match &outlets.buses {
                Some(buses) => put(buses, arn, letter).await,
                None => Ok(()),
            },
            _ => Ok(()),
        };
        match sent {
            Err(error) if error.is_sender_fault() => Ok(()),
            sent => sent,
        }
    }
}

/// Version or alias in a function's ARN.
pub(super) fn qualifier(arn: &str) -> Option<&str> {
    arn.splitn(8, ':').nth(7)
}

async fn publish(topics: &Topics, arn: &str, letter: Letter<'_>) -> Result<(), QueueError> {
    let publication = Publication {
        message: letter.body,
        attributes: letter.attributes,
        ..Publication::default()
    };
    match topics.publish(arn, publication).await {
        Err(error) if !error.is_sender_fault() => Err(store_failed(error.message)),
        _ => Ok(()),
    }
}

fn store_failed(message: String) -> QueueError {
    QueueError::new(ErrorKind::InternalFailure, message)
}

async fn put(buses: &EventBuses, arn: &str, letter: Letter<'_>) -> Result<(), QueueError> {
    let entry = Entry {
        source: Some("lambda".to_owned()),
        detail_type: Some(letter.detail_type.to_owned()),
        detail: Some(letter.body),
        resources: vec![arn.to_owned(), letter.function.to_owned()],
        time: None,
        bus: Some(arn.to_owned()),
    };
    match buses.put_events(vec![entry]).await {
        Err(PutEventsError::Store(error)) => Err(error),
        _ => Ok(()),
    }
}
