//! A value of any shape, between the wire and the generated types.

use std::collections::BTreeMap;

use bytes::Bytes;
use updraft_types::Timestamp;

use crate::ByteStream;
use crate::shape::StructShape;

/// A value of any shape.
#[derive(Debug)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Double(f64),
    /// True or false.
    Boolean(bool),
    /// Bytes.
    Blob(Bytes),
    /// A body too large to hold.
    Stream(ByteStream),
    /// A point in time.
    Timestamp(Timestamp),
    /// An ordered list.
    List(Vec<Value>),
    /// Texts to values, in order.
    Map(Vec<(String, Value)>),
    /// Named members.
    Structure(Members),
}

/// The members of a structure, by their index in its shape.
#[derive(Debug, Default)]
pub struct Members(pub Vec<Option<Value>>);

impl Members {
    /// Room for the members of a shape.
    #[must_use]
    pub fn of(shape: &StructShape) -> Self {
        Self(shape.members.iter().map(|_| None).collect())
    }

    /// The member at an index, if set.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Value> {
        self.0.get(index)?.as_ref()
    }

    /// Sets a member.
    pub fn set(&mut self, index: usize, value: Value) {
        self.0[index] = Some(value);
    }

    /// Sets a required member from its Rust form.
    pub fn put<T: Wire>(&mut self, index: usize, value: T) {
        self.set(index, value.into_value());
    }

    /// Sets an optional member from its Rust form.
    pub fn put_some<T: Wire>(&mut self, index: usize, value: Option<T>) {
        if let Some(value) = value {
            self.put(index, value);
        }
    }

    /// Takes a required member in its Rust form; the default where it is missing.
    pub fn take<T: Wire + Default>(&mut self, index: usize) -> T {
        self.take_some(index).unwrap_or_default()
    }

    /// Takes an optional member in its Rust form.
    pub fn take_some<T: Wire>(&mut self, index: usize) -> Option<T> {
        self.0.get_mut(index).and_then(Option::take).and_then(T::from_value)
    }
}

/// A generated structure.
pub trait Structure: Sized + Default + Send + 'static {
    /// Its table.
    const SHAPE: &'static StructShape;

    /// Its members as values.
    fn into_members(self) -> Members;

    /// From its members; those missing get their defaults.
    fn from_members(members: Members) -> Self;
}

/// A Rust form of a value.
pub trait Wire: Sized {
    /// As a value.
    fn into_value(self) -> Value;

    /// From a value of the right kind; `None` for any other.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! plain {
    ($($type:ty: $value:pat => $back:expr, $forth:expr;)*) => {$(
        impl Wire for $type {
            fn into_value(self) -> Value {
                ($forth)(self)
            }

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    $value => $back,
                    _ => None,
                }
            }
        }
    )*};
}

plain! {
    String: Value::String(text) => Some(text), Value::String;
    i32: Value::Integer(number) => i32::try_from(number).ok(), |n: i32| Value::Integer(n.into());
    i64: Value::Integer(number) => Some(number), Value::Integer;
    f64: Value::Double(number) => Some(number), Value::Double;
    bool: Value::Boolean(truth) => Some(truth), Value::Boolean;
    Bytes: Value::Blob(bytes) => Some(bytes), Value::Blob;
    Timestamp: Value::Timestamp(at) => Some(at), Value::Timestamp;
    ByteStream: Value::Stream(stream) => Some(stream), Value::Stream;
}

impl<T: Wire> Wire for Vec<T> {
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::List(list) => list.into_iter().map(T::from_value).collect(),
            _ => None,
        }
    }
}

impl<T: Wire> Wire for BTreeMap<String, T> {
    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, value)| (key, value.into_value())).collect())
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Map(map) => {
                map.into_iter().map(|(key, value)| Some((key, T::from_value(value)?))).collect()
            }
            _ => None,
        }
    }
}

impl<T: Wire> Wire for Box<T> {
    fn into_value(self) -> Value {
        (*self).into_value()
    }

    fn from_value(value: Value) -> Option<Self> {
        T::from_value(value).map(Box::new)
    }
}

/// Makes structures a [`Wire`].
macro_rules! wire_by_members {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::value::Wire for $type {
            fn into_value(self) -> $crate::value::Value {
                $crate::value::Value::Structure($crate::value::Structure::into_members(self))
            }

            fn from_value(value: $crate::value::Value) -> Option<Self> {
                match value {
                    $crate::value::Value::Structure(members) => {
                        Some(<Self as $crate::value::Structure>::from_members(members))
                    }
                    _ => None,
                }
            }
        }
    )*};
}
pub(crate) use wire_by_members;

/// Makes an enumeration of texts a [`Wire`].
macro_rules! wire_by_text {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::value::Wire for $type {
            fn into_value(self) -> $crate::value::Value {
                $crate::value::Value::String(self.as_str().to_owned())
            }

            fn from_value(value: $crate::value::Value) -> Option<Self> {
                match value {
                    $crate::value::Value::String(text) => Some(Self::from(text.as_str())),
                    _ => None,
                }
            }
        }
    )*};
}
pub(crate) use wire_by_text;
