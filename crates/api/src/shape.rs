//! The tables that describe each shape: what the readers and writers of every protocol go by.

/// A shape of a published model.
#[derive(Debug)]
pub enum Shape {
    /// Text.
    String(StringShape),
    /// A whole number that fits 32 bits.
    Integer(Range),
    /// A whole number that fits 64 bits.
    Long(Range),
    /// A floating-point number.
    Double(Range),
    /// True or false.
    Boolean,
    /// Bytes.
    Blob(Range),
    /// A body too large to hold.
    Stream,
    /// A point in time; the format counts where the member does not set one.
    Timestamp(Option<TimestampFormat>),
    /// An ordered list.
    List(ListShape),
    /// Texts to values.
    Map(MapShape),
    /// Named members.
    Structure(&'static StructShape),
}

/// Text and what it may be.
#[derive(Debug)]
pub struct StringShape {
    /// The length in characters.
    pub length: Range,
    /// The pattern it must match, as the model writes it.
    pub pattern: Option<&'static str>,
    /// The values it may have; none listed means any.
    pub values: &'static [&'static str],
    /// Whether it must stay out of messages and logs.
    pub sensitive: bool,
}

/// The least and the greatest value or length.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// The least, if bounded.
    pub min: Option<i64>,
    /// The greatest, if bounded.
    pub max: Option<i64>,
}

/// A list.
#[derive(Debug)]
pub struct ListShape {
    /// What it holds.
    pub member: &'static Shape,
    /// The name of an element where the protocol names them.
    pub member_name: &'static str,
    /// Whether elements stand in the parent directly (XML and awsQuery).
    pub flattened: bool,
    /// How many elements it may have.
    pub length: Range,
}

/// A map from text.
#[derive(Debug)]
pub struct MapShape {
    /// The keys' shape.
    pub key: &'static Shape,
    /// The values' shape.
    pub value: &'static Shape,
    /// The name of a key where the protocol names it.
    pub key_name: &'static str,
    /// The name of a value where the protocol names it.
    pub value_name: &'static str,
    /// Whether entries stand in the parent directly (XML and awsQuery).
    pub flattened: bool,
    /// How many entries it may have.
    pub length: Range,
}

/// A structure.
#[derive(Debug)]
pub struct StructShape {
    /// The shape's name.
    pub name: &'static str,
    /// Its members, in the model's order.
    pub members: &'static [Member],
    /// The member that is the whole body, where one is.
    pub payload: Option<usize>,
    /// Whether exactly one member is set.
    pub union: bool,
    /// The name of its element where it is a body of its own (restXml).
    pub xml_name: Option<&'static str>,
    /// The namespace of its element.
    pub xml_namespace: Option<&'static str>,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The member's name in the model.
    pub name: &'static str,
    /// Its name on the wire.
    pub wire_name: &'static str,
    /// Its shape.
    pub shape: &'static Shape,
    /// Whether it must be there.
    pub required: bool,
    /// Where it stands in the HTTP message.
    pub location: Location,
    /// The timestamp format set on the member.
    pub timestamp: Option<TimestampFormat>,
    /// Whether it is an attribute of its parent's element.
    pub xml_attribute: bool,
    /// The namespace declared on its element: prefix and URI.
    pub xml_namespace: Option<(&'static str, &'static str)>,
    /// Whether it holds JSON text that the API carries as a string.
    pub json_value: bool,
}

/// Where a member stands in an HTTP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the body.
    Body,
    /// In the path.
    Uri,
    /// In the query string.
    Query,
    /// In a header.
    Header,
    /// In all headers that begin with the wire name.
    Headers,
    /// In the status.
    Status,
}

/// How a timestamp is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampFormat {
    /// RFC 3339.
    Iso8601,
    /// RFC 9110's HTTP date.
    HttpDate,
    /// Seconds since the epoch.
    Epoch,
}

impl Range {
    /// No bound.
    pub const ANY: Self = Self { min: None, max: None };
}
