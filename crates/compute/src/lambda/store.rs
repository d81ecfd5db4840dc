//! The tables of Lambda, and the look-ups that several operations share.

use updraft_kernel::{Fault, Read, Result, Table, Tx};
use updraft_types::lambda::{FunctionName, FunctionRef, Qualifier};
use updraft_types::{Arn, Resource, Scope};

use super::model::{Alias, EventConfig, Function, Policy, Version};
use super::refusals;

/// Functions by name.
pub(crate) const FUNCTIONS: Table<(Scope, String), Function> = Table::new("lambda.function");

/// Published versions by function and number.
pub(crate) const VERSIONS: Table<(Scope, String, u64), Version> = Table::new("lambda.version");

/// Aliases by function and name.
pub(crate) const ALIASES: Table<(Scope, String, String), Alias> = Table::new("lambda.alias");

/// Resource policies by function and qualifier, empty for the function itself.
pub(crate) const POLICIES: Table<(Scope, String, String), Policy> = Table::new("lambda.policy");

/// Queue settings by function and qualifier.
pub(crate) const EVENT_CONFIGS: Table<(Scope, String, String), EventConfig> =
    Table::new("lambda.event_config");

/// How much of an account's concurrency is reserved, in a region.
pub(crate) const RESERVED: Table<Scope, u64> = Table::new("lambda.reserved_concurrency");

/// Which function, and which of its versions, a caller means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    /// Where the function lives: in the caller's account unless its ARN says otherwise.
    pub scope: Scope,
    /// The function's name.
    pub name: FunctionName,
    /// The qualifier, where one was given.
    pub qualifier: Option<Qualifier>,
}

impl Target {
    /// Reads `FunctionName` and `Qualifier` as operations take them.
    pub fn read(scope: &Scope, function: &str, qualifier: Option<&str>) -> Result<Self> {
        let named: FunctionRef = function.parse().map_err(|_| bad_name(function))?;
        if let Some(region) = named.region.as_ref().filter(|region| **region != scope.region) {
            return Err(refusals::not_found(format!(
                "Functions from '{region}' are not reachable in this region ('{}')",
                scope.region
            ))
            .into());
        }
        let given: Option<Qualifier> =
            qualifier.map(|text| text.parse().map_err(|_| bad_qualifier(text))).transpose()?;
        if let (Some(derived), Some(given)) = (&named.qualifier, &given)
            && derived != given
        {
            return Err(refusals::invalid_parameter(
                "The derived qualifier from the function name does not match the specified qualifier.",
            )
            .into());
        }
        let account = named.account.unwrap_or(scope.account);
        Ok(Self {
            scope: Scope::new(account, scope.region.clone()),
            name: named.name,
            qualifier: given.or(named.qualifier),
        })
    }

    /// Reads the function of an operation that knows no versions but `$LATEST`.
    pub fn unqualified(scope: &Scope, function: &str) -> Result<Self> {
        let target = Self::read(scope, function, None)?;
        match target.qualifier {
            None | Some(Qualifier::Latest) => Ok(Self { qualifier: None, ..target }),
            Some(_) => Err(refusals::invalid_parameter(
                "Current operation does not support versions other than $LATEST",
            )
            .into()),
        }
    }

    /// The ARN as the caller meant it, with the qualifier where one was given.
    pub fn arn(&self) -> Arn {
        match &self.qualifier {
            Some(qualifier) => self.name.qualified_arn(&self.scope, qualifier),
            None => self.function_arn(),
        }
    }

    /// The function's own ARN.
    pub fn function_arn(&self) -> Arn {
        self.name.arn(&self.scope)
    }

    /// The function's key.
    pub fn key(&self) -> (Scope, String) {
        (self.scope.clone(), self.name.to_string())
    }

    /// The key of something kept per qualifier.
    pub fn qualified_key(&self, qualifier: impl Into<String>) -> (Scope, String, String) {
        (self.scope.clone(), self.name.to_string(), qualifier.into())
    }

    /// The key of a published version.
    pub fn version_key(&self, number: u64) -> (Scope, String, u64) {
        (self.scope.clone(), self.name.to_string(), number)
    }

    /// The function, or AWS's refusal.
    pub fn function(&self, read: &(impl Read + ?Sized)) -> Result<Function> {
        let found = FUNCTIONS.get(read, &self.key())?;
        Ok(found.ok_or_else(|| refusals::function_not_found(&self.arn()))?)
    }

    /// The alias of that name, or AWS's refusal.
    pub fn alias(&self, read: &(impl Read + ?Sized), name: &str) -> Result<Alias> {
        let found = ALIASES.get(read, &self.qualified_key(name))?;
        let named = || self.name.qualified_arn(&self.scope, &Qualifier::Alias(name.into()));
        Ok(found.ok_or_else(|| refusals::alias_not_found(&named()))?)
    }

    /// The version that a qualifier other than an alias names.
    pub fn version(&self, read: &(impl Read + ?Sized), qualifier: &Qualifier) -> Result<Version> {
        let found = match qualifier {
            Qualifier::Latest => Some(self.function(read)?.latest),
            Qualifier::Version(number) => VERSIONS.get(read, &self.version_key(*number))?,
            Qualifier::Alias(_) => None,
        };
        let named = || self.name.qualified_arn(&self.scope, qualifier);
        Ok(found.ok_or_else(|| refusals::function_not_found(&named()))?)
    }

    /// The version to show for the qualifier: an alias stands for its main version.
    pub fn shown_version(&self, read: &(impl Read + ?Sized)) -> Result<Version> {
        match &self.qualifier {
            None => Ok(self.function(read)?.latest),
            Some(Qualifier::Alias(name)) => {
                let found = ALIASES.get(read, &self.qualified_key(&**name))?;
                let alias = found.ok_or_else(|| refusals::function_not_found(&self.arn()))?;
                self.version(read, &alias.version)
            }
            Some(qualifier) => self.version(read, qualifier),
        }
    }
}

/// How much of the scope's concurrency is reserved.
pub(crate) fn reserved(read: &(impl Read + ?Sized), scope: &Scope) -> std::result::Result<u64, Fault> {
    Ok(RESERVED.get(read, scope)?.unwrap_or(0))
}

/// Brings the scope's reserved concurrency up to date after a function's changed.
pub(crate) fn change_reserved(
    tx: &mut (impl Tx + ?Sized),
    scope: &Scope,
    before: Option<u32>,
    after: Option<u32>,
) -> std::result::Result<(), Fault> {
    let total = reserved(tx, scope)? + u64::from(after.unwrap_or(0));
    RESERVED.put(tx, scope, &total.saturating_sub(u64::from(before.unwrap_or(0))))
}

/// The pattern AWS answers a malformed name with.
const NAME_PATTERN: &str = "Member must satisfy regular expression pattern: \
    (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?\
    (function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

fn bad_name(text: &str) -> updraft_api::Refusal {
    refusals::constraint("functionName", text, NAME_PATTERN)
}

fn bad_qualifier(text: &str) -> updraft_api::Refusal {
    refusals::constraint(
        "qualifier",
        text,
        "Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9$_-]+",
    )
}

#[cfg(test)]
mod tests {
    use updraft_types::{AccountId, Region};

    use super::*;

    fn scope() -> Scope {
        Scope::new(AccountId::DEFAULT, Region::us_east_1())
    }

    #[test]
    fn qualifiers_must_agree_and_regions_match() {
        let target = Target::read(&scope(), "cart:live", Some("live")).unwrap();
        assert_eq!(target.arn().resource(), "function:cart:live");
        let rows = [
            ("cart:live", Some("test"), "InvalidParameterValueException"),
            ("arn:aws:lambda:eu-west-1:000000000000:function:cart", None, "ResourceNotFoundException"),
            ("no spaces", None, "ValidationException"),
            ("cart", Some("a b"), "ValidationException"),
        ];
        for (name, qualifier, code) in rows {
            assert_eq!(Target::read(&scope(), name, qualifier).unwrap_err().code(), code, "{name}");
        }
    }

    #[test]
    fn an_arn_of_another_account_is_looked_up_there() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:cart";
        assert_eq!(Target::read(&scope(), arn, None).unwrap().scope.account.as_str(), "123456789012");
    }
}
