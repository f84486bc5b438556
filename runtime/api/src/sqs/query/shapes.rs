//! How the query protocol names and nests what the JSON protocol has in documents.

/// A member of an input.
pub(super) struct Member {
    /// Its name in the JSON protocol.
    pub(super) name: &'static str,
    /// Its name in keys, without an item's number.
    pub(super) key: &'static str,
    pub(super) kind: Kind,
}

/// What a member's value is.
pub(super) enum Kind {
    Text,
    Integer,
    /// `AttributeName.1`.
    Texts,
    /// `Attribute.1.Name` and `Attribute.1.Value`; the last names are given here.
    TextMap(&'static str, &'static str),
    /// `MessageAttribute.1.Name` and the members of `MessageAttribute.1.Value`.
    Map(&'static [Member]),
    /// `SendMessageBatchRequestEntry.1.Id`.
    List(&'static [Member]),
}

const fn text(name: &'static str) -> Member {
    Member { name, key: name, kind: Kind::Text }
}

const fn integer(name: &'static str) -> Member {
    Member { name, key: name, kind: Kind::Integer }
}

const fn texts(name: &'static str, key: &'static str) -> Member {
    Member { name, key, kind: Kind::Texts }
}

const fn entries(key: &'static str, members: &'static [Member]) -> Member {
    Member { name: "Entries", key, kind: Kind::List(members) }
}

const QUEUE: Member = text("QueueUrl");
const ATTRIBUTES: Member =
    Member { name: "Attributes", key: "Attribute", kind: Kind::TextMap("Name", "Value") };
const HANDLE: Member = text("ReceiptHandle");
const VISIBILITY: Member = integer("VisibilityTimeout");
const MAX_RESULTS: Member = integer("MaxResults");
const NEXT_TOKEN: Member = text("NextToken");
const BODY: Member = text("MessageBody");
const DELAY: Member = integer("DelaySeconds");
const GROUP: Member = text("MessageGroupId");
const DEDUPLICATION: Member = text("MessageDeduplicationId");
const MESSAGE_ATTRIBUTES: Member =
    Member { name: "MessageAttributes", key: "MessageAttribute", kind: Kind::Map(VALUE) };
const SYSTEM_ATTRIBUTES: Member = Member {
    name: "MessageSystemAttributes",
    key: "MessageSystemAttribute",
    kind: Kind::Map(VALUE),
};

const fn tags(name: &'static str) -> Member {
    Member { name, key: "Tag", kind: Kind::TextMap("Key", "Value") }
}

/// `MessageAttributeValue`.
const VALUE: &[Member] = &[
    text("DataType"),
    text("StringValue"),
    text("BinaryValue"),
    texts("StringListValues", "StringListValue"),
    texts("BinaryListValues", "BinaryListValue"),
];

/// An entry of each batch.
const SEND_ENTRY: &[Member] =
    &[text("Id"), BODY, DELAY, MESSAGE_ATTRIBUTES, SYSTEM_ATTRIBUTES, DEDUPLICATION, GROUP];
const DELETE_ENTRY: &[Member] = &[text("Id"), HANDLE];
const CHANGE_ENTRY: &[Member] = &[text("Id"), HANDLE, VISIBILITY];

/// The inputs of all actions.
pub(super) const INPUTS: [(&str, &[Member]); 23] = [
    (
        "AddPermission",
        &[
            QUEUE,
            text("Label"),
            texts("AWSAccountIds", "AWSAccountId"),
            texts("Actions", "ActionName"),
        ],
    ),
    ("CancelMessageMoveTask", &[text("TaskHandle")]),
    ("ChangeMessageVisibility", &[QUEUE, HANDLE, VISIBILITY]),
    (
        "ChangeMessageVisibilityBatch",
        &[QUEUE, entries("ChangeMessageVisibilityBatchRequestEntry", CHANGE_ENTRY)],
    ),
    ("CreateQueue", &[text("QueueName"), ATTRIBUTES, tags("tags")]),
    ("DeleteMessage", &[QUEUE, HANDLE]),
    ("DeleteMessageBatch", &[QUEUE, entries("DeleteMessageBatchRequestEntry", DELETE_ENTRY)]),
    ("DeleteQueue", &[QUEUE]),
    ("GetQueueAttributes", &[QUEUE, texts("AttributeNames", "AttributeName")]),
    ("GetQueueUrl", &[text("QueueName"), text("QueueOwnerAWSAccountId")]),
    ("ListDeadLetterSourceQueues", &[QUEUE, NEXT_TOKEN, MAX_RESULTS]),
    ("ListMessageMoveTasks", &[text("SourceArn"), MAX_RESULTS]),
    ("ListQueueTags", &[QUEUE]),
    ("ListQueues", &[text("QueueNamePrefix"), NEXT_TOKEN, MAX_RESULTS]),
    ("PurgeQueue", &[QUEUE]),
    (
        "ReceiveMessage",
        &[
            QUEUE,
            texts("AttributeNames", "AttributeName"),
            texts("MessageSystemAttributeNames", "MessageSystemAttributeName"),
            texts("MessageAttributeNames", "MessageAttributeName"),
            integer("MaxNumberOfMessages"),
            VISIBILITY,
            integer("WaitTimeSeconds"),
            text("ReceiveRequestAttemptId"),
        ],
    ),
    ("RemovePermission", &[QUEUE, text("Label")]),
    (
        "SendMessage",
        &[QUEUE, BODY, DELAY, MESSAGE_ATTRIBUTES, SYSTEM_ATTRIBUTES, DEDUPLICATION, GROUP],
    ),
    ("SendMessageBatch", &[QUEUE, entries("SendMessageBatchRequestEntry", SEND_ENTRY)]),
    ("SetQueueAttributes", &[QUEUE, ATTRIBUTES]),
    (
        "StartMessageMoveTask",
        &[text("SourceArn"), text("DestinationArn"), integer("MaxNumberOfMessagesPerSecond")],
    ),
    ("TagQueue", &[QUEUE, tags("Tags")]),
    ("UntagQueue", &[QUEUE, texts("TagKeys", "TagKey")]),
];

/// The members of an action's input; nothing for what is no action.
pub(super) fn input(action: &str) -> Option<&'static [Member]> {
    INPUTS.iter().find(|(name, _)| *name == action).map(|(_, members)| *members)
}

/// How a list or map of an output is written: flat, each item in an element of this name.
pub(super) enum Flat {
    List(String),
    /// With the names of the elements for keys and values.
    Map(&'static str, &'static str, &'static str),
}

/// How the lists and maps of an action's output are written.
pub(super) fn flat(action: &str, name: &str) -> Option<Flat> {
    let list = |name: &str| Some(Flat::List(name.to_owned()));
    match name {
        "QueueUrls" | "queueUrls" => list("QueueUrl"),
        "Messages" => list("Message"),
        "Successful" => Some(Flat::List(format!("{action}ResultEntry"))),
        "Failed" => list("BatchResultErrorEntry"),
        "Results" => list("ListMessageMoveTasksResultEntry"),
        "Attributes" => Some(Flat::Map("Attribute", "Name", "Value")),
        "MessageAttributes" => Some(Flat::Map("MessageAttribute", "Name", "Value")),
        "Tags" => Some(Flat::Map("Tag", "Key", "Value")),
        _ => None,
    }
}
