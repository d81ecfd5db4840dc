//! Whose calls these are: environment variables, the shared configuration files, or, towards an
//! engine on this machine, the default development credentials.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The pair that an engine on loopback takes for the account's root.
const DEVELOPMENT: (&str, &str) = ("test", "test");

/// A key, its secret, and the token that goes with temporary ones.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id.
    pub key_id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of temporary credentials.
    pub token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// What the machine says about credentials: variables and files, so that tests can say it instead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    pub variables: BTreeMap<String, String>,
    pub credentials_file: Option<String>,
    pub config_file: Option<String>,
}

impl Surroundings {
    /// Of this process.
    pub fn read() -> Self {
        let variables: BTreeMap<_, _> =
            std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name == "HOME").collect();
        let file = |variable: &str, name: &str| {
            let path = variables
                .get(variable)
                .map(PathBuf::from)
                .or_else(|| Some(PathBuf::from(variables.get("HOME")?).join(".aws").join(name)))?;
            std::fs::read_to_string(path).ok()
        };
        Self {
            credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            config_file: file("AWS_CONFIG_FILE", "config"),
            variables,
        }
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A key of a profile; the credentials file goes before the configuration file.
    pub fn profile_key(&self, profile: &str, key: &str) -> Option<String> {
        let in_config =
            if profile == "default" { "default".to_owned() } else { format!("profile {profile}") };
        let credentials = self.credentials_file.as_deref().and_then(|text| ini(text, profile, key));
        credentials.or_else(|| self.config_file.as_deref().and_then(|text| ini(text, &in_config, key)))
    }
}

impl Credentials {
    /// Finds them: a named profile, then the variables, then the default profile, then, towards this
    /// machine, the development pair.
    pub(crate) fn find(
        surroundings: &Surroundings,
        profile: Option<&str>,
        to_loopback: bool,
    ) -> Result<Self, CredentialsError> {
        if let Some(profile) = profile {
            return Self::of_profile(surroundings, profile)
                .ok_or_else(|| CredentialsError::Profile(profile.to_owned()));
        }
        if let (Some(key_id), Some(secret)) =
            (surroundings.variable("AWS_ACCESS_KEY_ID"), surroundings.variable("AWS_SECRET_ACCESS_KEY"))
        {
            let token = surroundings.variable("AWS_SESSION_TOKEN").map(str::to_owned);
            return Ok(Self { key_id: key_id.to_owned(), secret: secret.to_owned(), token });
        }
        if to_loopback {
            // Whatever the default profile holds is not meant for a development engine.
            let (key_id, secret) = DEVELOPMENT;
            return Ok(Self { key_id: key_id.to_owned(), secret: secret.to_owned(), token: None });
        }
        let profile = surroundings.variable("AWS_PROFILE").unwrap_or("default");
        Self::of_profile(surroundings, profile).ok_or(CredentialsError::None)
    }

    fn of_profile(surroundings: &Surroundings, profile: &str) -> Option<Self> {
        Some(Self {
            key_id: surroundings.profile_key(profile, "aws_access_key_id")?,
            secret: surroundings.profile_key(profile, "aws_secret_access_key")?,
            token: surroundings.profile_key(profile, "aws_session_token"),
        })
    }
}

/// A key's value in a section of an INI text, as the AWS tools read it.
fn ini(text: &str, section: &str, key: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = name.split_whitespace().eq(section.split_whitespace());
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside)
            && name.trim() == key
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

/// Why there are no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// The profile has no keys.
    #[error("the profile `{0}` holds no access key")]
    Profile(String),
    /// Nothing was found.
    #[error("no credentials were found")]
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            variables: variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            credentials_file: Some(
                "# mine\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key=d\n\
                 [prod]\naws_access_key_id=AKIAPROD\naws_secret_access_key = p=\naws_session_token=t\n"
                    .into(),
            ),
            config_file: Some("[profile prod]\nregion = eu-central-1\n[profile sso]\nregion=x\n".into()),
        }
    }

    fn key(
        variables: &[(&str, &str)],
        profile: Option<&str>,
        loopback: bool,
    ) -> Result<String, CredentialsError> {
        Credentials::find(&surroundings(variables), profile, loopback).map(|found| found.key_id)
    }

    #[test]
    fn each_source_has_its_turn() {
        let variables = [("AWS_ACCESS_KEY_ID", "AKIAVAR"), ("AWS_SECRET_ACCESS_KEY", "v")];
        assert_eq!(key(&variables, None, false), Ok("AKIAVAR".into()));
        assert_eq!(key(&variables, Some("prod"), false), Ok("AKIAPROD".into()));
        assert_eq!(key(&[], None, false), Ok("AKIADEFAULT".into()));
        assert_eq!(key(&[("AWS_PROFILE", "prod")], None, false), Ok("AKIAPROD".into()));
        assert_eq!(key(&[], None, true), Ok("test".into()), "real keys do not go to a development engine");
        assert_eq!(key(&[], Some("sso"), false), Err(CredentialsError::Profile("sso".into())));
        assert_eq!(Credentials::find(&Surroundings::default(), None, false), Err(CredentialsError::None));
    }

    #[test]
    fn a_profile_spreads_over_both_files() {
        let surroundings = surroundings(&[]);
        assert_eq!(surroundings.profile_key("prod", "region").as_deref(), Some("eu-central-1"));
        assert_eq!(surroundings.profile_key("prod", "aws_secret_access_key").as_deref(), Some("p="));
        assert_eq!(surroundings.profile_key("default", "aws_session_token"), None);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let credentials = Credentials { key_id: "AKIA".into(), secret: "hush".into(), token: None };
        assert!(!format!("{credentials:?}").contains("hush"));
    }
}
