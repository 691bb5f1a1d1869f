//! The types of CEL values, as far as they are known before a run.

use crate::plan::vocabulary::Fields;
use crate::plan::vocabulary::Shape;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Null,
    /// What `type(…)` answers.
    Name,
    List(Box<Self>),
    /// Any keys of one type, each with a value of one type.
    Map(Box<Self>, Box<Self>),
    /// These names and no others.
    Group(Fields),
    /// Only the run shows it, or a fault of it was named already.
    Any,
    /// The elements of an empty list.
    Nothing,
}

impl From<Shape> for Type {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Text => Self::Text,
            Shape::Bool => Self::Bool,
            Shape::Any => Self::Any,
            Shape::List(element) => Self::list((*element).into()),
            Shape::Each(value) => Self::Map(Box::new(Self::Text), Box::new((*value).into())),
            Shape::Fields(fields) => Self::Group(fields),
        }
    }
}

impl Type {
    pub(super) fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// Whether nothing can be said against it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Any | Self::Nothing)
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// What a loop over it goes through: elements, or keys.
    pub(super) fn element(&self) -> Option<Self> {
        match self {
            Self::List(element) => Some((**element).clone()),
            Self::Map(key, _) => Some((**key).clone()),
            Self::Group(_) => Some(Self::Text),
            Self::Any | Self::Nothing => Some(Self::Any),
            _ => None,
        }
    }

    /// Whether a value of this type may equal one of the other. Numbers of all kinds may; a fact
    /// is there or not, but never null, while a group of the inventory may be left out.
    pub(super) fn may_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (one, two) if one.is_open() || two.is_open() => true,
            (one, two) if one.is_number() && two.is_number() => true,
            (Self::List(one), Self::List(two)) => one.may_equal(two),
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                key.may_equal(other_key) && value.may_equal(other_value)
            }
            (Self::Group(_), Self::Group(_) | Self::Map(..) | Self::Null)
            | (Self::Map(..) | Self::Null, Self::Group(_)) => true,
            (one, two) => one == two,
        }
    }

    /// The type of a value that is one or the other, if they can stand side by side.
    pub(super) fn join(self, other: Self) -> Result<Self, (Self, Self)> {
        match (self, other) {
            (Self::Nothing, one) | (one, Self::Nothing) => Ok(one),
            (Self::Any, _) | (_, Self::Any) => Ok(Self::Any),
            (Self::List(one), Self::List(two)) => match one.join(*two) {
                Ok(element) => Ok(Self::list(element)),
                Err((one, two)) => Err((Self::list(one), Self::list(two))),
            },
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                match (
                    key.clone().join(*other_key.clone()),
                    value.clone().join(*other_value.clone()),
                ) {
                    (Ok(key), Ok(value)) => Ok(Self::Map(Box::new(key), Box::new(value))),
                    _ => Err((Self::Map(key, value), Self::Map(other_key, other_value))),
                }
            }
            (one, two) if one == two => Ok(one),
            (one, two) => Err((one, two)),
        }
    }

    /// Says what one such value is, for people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::List(element) if !element.is_open() => format!("a list of {}", element.many()),
            _ => self.short().to_owned(),
        }
    }

    fn short(&self) -> &'static str {
        match self {
            Self::Bool => "a yes or no",
            Self::Int => "a whole number",
            Self::Uint => "an unsigned number",
            Self::Double => "a number with a fraction",
            Self::Text => "a text",
            Self::Bytes => "bytes",
            Self::Null => "null",
            Self::Name => "the name of a type",
            Self::List(_) => "a list",
            Self::Map(..) | Self::Group(_) => "a group of values",
            Self::Any | Self::Nothing => "a value",
        }
    }

    /// Says what several such values are.
    pub(super) fn many(&self) -> &'static str {
        match self {
            Self::Bool => "yes or no",
            Self::Int => "whole numbers",
            Self::Uint => "unsigned numbers",
            Self::Double => "numbers with fractions",
            Self::Text => "texts",
            Self::Bytes => "bytes",
            Self::Null => "nulls",
            Self::Name => "names of types",
            Self::List(_) => "lists",
            Self::Map(..) | Self::Group(_) => "groups of values",
            Self::Any | Self::Nothing => "values",
        }
    }
}
