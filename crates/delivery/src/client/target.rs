//! Where the calls go: an engine's address, or AWS itself.

use updraft_api::ServiceInfo;
use updraft_types::Region;

use super::credentials::{Credentials, CredentialsError, Surroundings};
use crate::config::EnvironmentConfig;

/// The engine's address when nothing is said.
pub const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:4566";
/// What `endpoint` says when AWS itself is meant; it is never assumed.
pub const AWS: &str = "aws";
/// The region when nothing is said, as the AWS tools of old had it.
const DEFAULT_REGION: &str = "us-east-1";

/// Where calls go, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The engine's address; none is AWS itself.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Region,
    /// Whose calls these are.
    pub credentials: Credentials,
}

/// Why there is nowhere to send calls to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not an address.
    #[error("`{0}` is not an address: write `http://host:port`, or `aws` for AWS itself")]
    Endpoint(String),
    /// Not a region.
    #[error("`{0}` is not a region")]
    Region(String),
    /// Nobody to be.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

impl Target {
    /// The target of an environment, as this process's surroundings complete it.
    pub fn of(environment: &EnvironmentConfig) -> Result<Self, TargetError> {
        Self::find(environment, &Surroundings::read())
    }

    fn find(environment: &EnvironmentConfig, surroundings: &Surroundings) -> Result<Self, TargetError> {
        let endpoint = match environment.endpoint.as_deref() {
            Some(AWS) => None,
            Some(endpoint) => Some(endpoint.to_owned()),
            None => {
                let variable = surroundings.variable("AWS_ENDPOINT_URL");
                Some(variable.unwrap_or(DEFAULT_ENDPOINT).to_owned())
            }
        };
        let endpoint = endpoint.map(|text| checked_endpoint(&text)).transpose()?;
        let loopback = endpoint.as_deref().is_some_and(is_loopback);
        let credentials = Credentials::find(surroundings, environment.profile.as_deref(), loopback)?;
        let profile =
            environment.profile.as_deref().or(surroundings.variable("AWS_PROFILE")).unwrap_or("default");
        let region = environment
            .region
            .clone()
            .or_else(|| surroundings.variable("AWS_REGION").map(str::to_owned))
            .or_else(|| surroundings.variable("AWS_DEFAULT_REGION").map(str::to_owned))
            .or_else(|| surroundings.profile_key(profile, "region").filter(|_| !loopback))
            .unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let region = region.parse().map_err(|_| TargetError::Region(region))?;
        Ok(Self { endpoint, region, credentials })
    }

    /// Whether an engine answers here, not AWS.
    #[must_use]
    pub fn is_engine(&self) -> bool {
        self.endpoint.is_some()
    }

    /// The address of a service, without a slash at its end.
    #[must_use]
    pub fn service_endpoint(&self, service: &ServiceInfo) -> String {
        if let Some(endpoint) = &self.endpoint {
            return endpoint.clone();
        }
        let suffix = if self.region.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{}.{}.{suffix}", service.endpoint_prefix, self.region)
    }

    /// An address as it is reached from here: an API's public name is the engine's, when an engine
    /// answers.
    #[must_use]
    pub fn reachable_url(&self, url: &str) -> String {
        let Some(endpoint) = &self.endpoint else { return url.to_owned() };
        let Some((api, path)) = execute_api(url) else { return url.to_owned() };
        let port = endpoint.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok()).unwrap_or("80");
        format!("http://{api}.execute-api.localhost:{port}{path}")
    }
}

/// The API's id and the path of `https://{api}.execute-api.{region}.amazonaws.com/path`.
fn execute_api(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (api, domain) = host.split_once(".execute-api.")?;
    (domain.contains("amazonaws.com") && !api.contains('.')).then_some((api, path))
}

fn checked_endpoint(text: &str) -> Result<String, TargetError> {
    let uri: http::Uri = text.parse().map_err(|_| TargetError::Endpoint(text.to_owned()))?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    if !known || uri.host().is_none() || !matches!(uri.path(), "" | "/") {
        return Err(TargetError::Endpoint(text.to_owned()));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn is_loopback(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(environment: &EnvironmentConfig, variables: &[(&str, &str)]) -> Result<Target, TargetError> {
        let variables = variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Target::find(environment, &Surroundings { variables, ..Surroundings::default() })
    }

    #[test]
    fn without_a_word_it_is_the_engine_on_this_machine() {
        let target = find(&EnvironmentConfig::default(), &[]).unwrap();
        assert_eq!(target.endpoint.as_deref(), Some(DEFAULT_ENDPOINT));
        assert_eq!(target.credentials.key_id, "test");
        assert_eq!(target.region.to_string(), "us-east-1");
    }

    #[test]
    fn aws_is_meant_only_when_it_is_named() {
        let environment = EnvironmentConfig {
            endpoint: Some(AWS.into()),
            region: Some("cn-north-1".into()),
            ..Default::default()
        };
        assert!(matches!(find(&environment, &[]), Err(TargetError::Credentials(CredentialsError::None))));
        let keys = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s")];
        let target = find(&environment, &keys).unwrap();
        let service = &updraft_api::cloudwatch::SERVICE;
        assert_eq!(target.service_endpoint(service), "https://monitoring.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn bad_addresses_are_refused() {
        for endpoint in ["localhost:4566", "ftp://x", "http://", "http://x/path"] {
            let environment = EnvironmentConfig { endpoint: Some(endpoint.into()), ..Default::default() };
            assert!(matches!(find(&environment, &[]), Err(TargetError::Endpoint(_))), "{endpoint}");
        }
    }

    #[test]
    fn an_apis_public_name_is_the_engines() {
        let target = find(&EnvironmentConfig::default(), &[]).unwrap();
        for (url, reachable) in [
            (
                "https://abc1.execute-api.us-east-1.amazonaws.com/prod/",
                "http://abc1.execute-api.localhost:4566/prod/",
            ),
            ("https://abc1.execute-api.us-east-1.amazonaws.com", "http://abc1.execute-api.localhost:4566"),
            ("http://abc1.execute-api.localhost:4566/", "http://abc1.execute-api.localhost:4566/"),
            ("https://shop.example.com/", "https://shop.example.com/"),
        ] {
            assert_eq!(target.reachable_url(url), reachable);
        }
    }
}
