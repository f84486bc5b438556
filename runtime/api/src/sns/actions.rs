//! SNS's actions.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use samovar_queue::{AttributeValue, MessageAttribute, MessageAttributes};
use samovar_triggers::{Publication, Published, SubscriptionInfo, TopicError, Topics};

use super::form::Form;
use super::xml::Xml;
use crate::paging::{self, Page};

/// Does what `Action` asks for: its name, and what stands in its result.
pub(super) async fn act(topics: &Topics, form: &Form) -> Result<(String, Xml), TopicError> {
    let action = form.get("Action").unwrap_or_default();
    let mut result = Xml::default();
    match action {
        "Publish" => publish(topics, form, &mut result).await?,
        "PublishBatch" => publish_batch(topics, form, &mut result).await?,
        "CreateTopic" => {
            let attributes = texts(form, "Attributes.entry", ("key", "value"));
            let tags = texts(form, "Tags.member", ("Key", "Value"));
            let arn = topics.create(needed(form, "Name")?, attributes, tags).await?;
            result.text("TopicArn", &arn);
        }
        "DeleteTopic" => topics.delete(topic_arn(form)?).await?,
        "Subscribe" => {
            let (topic, protocol) = (topic_arn(form)?, needed(form, "Protocol")?);
            let endpoint = form.get("Endpoint").ok_or_else(|| TopicError::invalid("Endpoint"))?;
            let attributes = texts(form, "Attributes.entry", ("key", "value"));
            let arn = topics.subscribe(topic, protocol, endpoint, attributes).await?;
            result.text("SubscriptionArn", &arn);
        }
        "Unsubscribe" => topics.unsubscribe(needed(form, "SubscriptionArn")?).await?,
        "ListTopics" => {
            let page = page(topics.list(), String::as_str, form)?;
            result.element("Topics", |list| {
                for arn in &page.items {
                    list.element("member", |member| member.text("TopicArn", arn));
                }
            });
            next_token(page.next, &mut result);
        }
        "GetTopicAttributes" => {
            attribute_map(topics.attributes(topic_arn(form)?)?, &mut result);
        }
        "SetTopicAttributes" => {
            let (name, value) = (needed(form, "AttributeName")?, form.get("AttributeValue"));
            topics.set_attribute(topic_arn(form)?, name, value.unwrap_or_default()).await?;
        }
        "GetSubscriptionAttributes" => {
            let attributes = topics.subscription_attributes(needed(form, "SubscriptionArn")?)?;
            attribute_map(attributes, &mut result);
        }
        "SetSubscriptionAttributes" => {
            let arn = needed(form, "SubscriptionArn")?;
            let (name, value) = (needed(form, "AttributeName")?, form.get("AttributeValue"));
            topics.set_subscription_attribute(arn, name, value.unwrap_or_default()).await?;
        }
        "ListTagsForResource" => {
            let tags = topics.tags(needed(form, "ResourceArn")?)?;
            result.element("Tags", |list| {
                for (key, value) in &tags {
                    list.element("member", |member| {
                        member.text("Key", key);
                        member.text("Value", value);
                    });
                }
            });
        }
        "TagResource" => {
            let tags = texts(form, "Tags.member", ("Key", "Value"));
            topics.tag(needed(form, "ResourceArn")?, tags).await?;
        }
        "UntagResource" => {
            let keys: Vec<String> = form.values("TagKeys.member");
            topics.untag(needed(form, "ResourceArn")?, &keys).await?;
        }
        "ListSubscriptions" => subscriptions(topics.subscriptions(None)?, form, &mut result)?,
        "ListSubscriptionsByTopic" => {
            let list = topics.subscriptions(Some(topic_arn(form)?))?;
            subscriptions(list, form, &mut result)?;
        }
        other => return Err(not_served(other)),
    }
    Ok((action.to_owned(), result))
}

fn not_served(action: &str) -> TopicError {
    let shown: String = action.chars().take(60).collect();
    TopicError {
        code: "InvalidAction",
        status: 400,
        message: format!(
            "Samovar does not do {shown}. It does Publish, PublishBatch, CreateTopic, DeleteTopic, \
             Subscribe, Unsubscribe, ListTopics, ListSubscriptions, ListSubscriptionsByTopic, the \
             attributes of topics and subscriptions, and tags."
        ),
    }
}

fn topic_arn(form: &Form) -> Result<&str, TopicError> {
    needed(form, "TopicArn")
}

/// A parameter that must be there.
fn needed<'f>(form: &'f Form, name: &str) -> Result<&'f str, TopicError> {
    form.get(name).ok_or_else(|| {
        // The service's own names begin with a small letter.
        let mut member = name.to_owned();
        member[..1].make_ascii_lowercase();
        TopicError::missing(&member)
    })
}

/// Names and values of a map, or of a list of pairs.
fn texts(form: &Form, list: &str, (key, value): (&str, &str)) -> BTreeMap<String, String> {
    let pairs = form.elements(list).into_iter().filter_map(|prefix| {
        let key = form.get(&format!("{prefix}{key}"))?;
        let value = form.get(&format!("{prefix}{value}")).unwrap_or_default();
        Some((key.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

fn attribute_map(attributes: impl IntoIterator<Item = (String, String)>, result: &mut Xml) {
    result.element("Attributes", |map| {
        for (name, value) in attributes {
            map.element("entry", |entry| {
                entry.text("key", &name);
                entry.text("value", &value);
            });
        }
    });
}

async fn publish(topics: &Topics, form: &Form, result: &mut Xml) -> Result<(), TopicError> {
    if form.get("PhoneNumber").is_some() {
        return Err(TopicError::invalid("PhoneNumber Reason: Samovar sends nothing to phones"));
    }
    let arn = form.get("TopicArn").or(form.get("TargetArn")).ok_or_else(|| {
        TopicError::invalid("TopicArn or TargetArn Reason: no value for required parameter")
    })?;
    let published = topics.publish(arn, publication(form, "")?).await?;
    write(&published, result);
    Ok(())
}

async fn publish_batch(topics: &Topics, form: &Form, result: &mut Xml) -> Result<(), TopicError> {
    let arn = topic_arn(form)?;
    let entries = form.elements("PublishBatchRequestEntries.member");
    let entries = entries.iter().map(|prefix| {
        let id = form.get(&format!("{prefix}Id")).unwrap_or_default();
        Ok((id.to_owned(), publication(form, prefix)?))
    });
    let entries = entries.collect::<Result<_, TopicError>>()?;
    let results = topics.publish_batch(arn, entries).await?;
    result.element("Successful", |list| {
        for (id, published) in results.iter().filter_map(|(id, r)| Some((id, r.as_ref().ok()?))) {
            list.element("member", |member| {
                member.text("Id", id);
                write(published, member);
            });
        }
    });
    result.element("Failed", |list| {
        for (id, error) in results.iter().filter_map(|(id, r)| Some((id, r.as_ref().err()?))) {
            list.element("member", |member| {
                member.text("Id", id);
                member.text("Code", error.code);
                member.text("Message", &error.message);
                member.text("SenderFault", &error.is_sender_fault().to_string());
            });
        }
    });
    Ok(())
}

fn write(published: &Published, result: &mut Xml) {
    result.text("MessageId", &published.message_id);
    if let Some(number) = &published.sequence_number {
        result.text("SequenceNumber", number);
    }
}

/// The page of a list that `NextToken` asks for.
fn page<T>(list: Vec<T>, key: fn(&T) -> &str, form: &Form) -> Result<Page<T>, TopicError> {
    paging::page(list, key, form.get("NextToken"), paging::SIZE)
        .ok_or_else(|| TopicError::invalid("NextToken"))
}

fn next_token(token: Option<String>, result: &mut Xml) {
    if let Some(token) = token {
        result.text("NextToken", &token);
    }
}

fn subscriptions(
    list: Vec<SubscriptionInfo>,
    form: &Form,
    result: &mut Xml,
) -> Result<(), TopicError> {
    let page = page(list, |one| &one.arn, form)?;
    result.element("Subscriptions", |members| {
        for one in &page.items {
            members.element("member", |member| {
                member.text("SubscriptionArn", &one.arn);
                member.text("Owner", &one.owner);
                member.text("Protocol", &one.protocol);
                member.text("Endpoint", &one.endpoint);
                member.text("TopicArn", &one.topic_arn);
            });
        }
    });
    next_token(page.next, result);
    Ok(())
}

/// The parameters of a message, which in a batch stand behind their entry's prefix.
fn publication(form: &Form, prefix: &str) -> Result<Publication, TopicError> {
    let get = |name: &str| form.get(&format!("{prefix}{name}")).map(str::to_owned);
    Ok(Publication {
        message: get("Message").ok_or_else(|| TopicError::missing("message"))?,
        subject: get("Subject"),
        structure: get("MessageStructure"),
        attributes: attributes(form, &format!("{prefix}MessageAttributes.entry"))?,
        group_id: get("MessageGroupId"),
        deduplication_id: get("MessageDeduplicationId"),
    })
}

fn attributes(form: &Form, map: &str) -> Result<MessageAttributes, TopicError> {
    let entries = form.elements(map).into_iter().map(|prefix| {
        let get = |name: &str| form.get(&format!("{prefix}{name}"));
        let name = get("Name").ok_or_else(|| TopicError::missing("messageAttributes"))?;
        let data_type = get("Value.DataType").ok_or_else(|| {
            TopicError::missing(&format!("messageAttributes.{name}.member.dataType"))
        })?;
        let value = match (get("Value.StringValue"), get("Value.BinaryValue")) {
            (Some(text), _) => AttributeValue::String(text.to_owned()),
            (None, Some(encoded)) => {
                let bytes = STANDARD.decode(encoded).map_err(|_| {
                    TopicError::invalid_value(format!(
                        "The message attribute '{name}' has a BinaryValue that is not base64."
                    ))
                })?;
                AttributeValue::Binary(bytes.into())
            }
            // The topic says what is missing, by the type.
            (None, None) => AttributeValue::String(String::new()),
        };
        Ok((name.to_owned(), MessageAttribute { data_type: data_type.to_owned(), value }))
    });
    entries.collect()
}
