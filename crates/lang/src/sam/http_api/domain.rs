//! `Domain`: a name of one's own for an API, its mappings and its records.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::super::intrinsics::{attribute, given, truthy};
use super::super::made::Made;
use super::super::problem::{Fail, SamProblem};
use super::super::{Context, ids, python};
use super::{CREATED_BY, HttpApi};

/// What may stand in `MutualTlsAuthentication`.
const TRUST_STORE: [&str; 2] = ["TruststoreUri", "TruststoreVersion"];

pub(super) fn construct(cx: &mut Context, api: &HttpApi<'_>) -> Result<Vec<Made>, Fail> {
    let Some(domain) = api.given.get("Domain").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let there = |name: &str| domain.get(name).filter(|value| !value.is_null());
    let (Some(name), Some(certificate)) = (there("DomainName"), there("CertificateArn")) else {
        return Err("Custom Domains only works if both DomainName and CertificateArn are provided.".into());
    };
    let id = ids::hashed("ApiGatewayDomainNameV2", name);
    let mut own = Made::beside(&id, "AWS::ApiGatewayV2::DomainName", &api.attributes);
    own.set("DomainName", name.clone());
    let endpoint = there("EndpointConfiguration").cloned().unwrap_or_else(|| json!("REGIONAL"));
    if endpoint != "REGIONAL" {
        return Err("EndpointConfiguration for Custom Domains must be one of ['REGIONAL'].".into());
    }
    let mut configuration = json!({"CertificateArn": certificate, "EndpointType": endpoint});
    for property in ["OwnershipVerificationCertificateArn", "SecurityPolicy"] {
        if let Some(value) = given(domain, property) {
            configuration[property] = value.clone();
        }
    }
    own.set("DomainNameConfigurations", json!([configuration]));
    if let Some(trust) = given(domain, "MutualTlsAuthentication") {
        own.set("MutualTlsAuthentication", mutual_tls(trust)?);
    }
    let brought = api.given.get("Tags").is_some_and(truthy) && api.document.is_some();
    own.set("Tags", if brought { json!(api.tags) } else { json!({CREATED_BY: "SAM"}) });
    let mut made = vec![own];
    made.extend(mappings(api, domain, &id)?);
    made.extend(records(cx, api, domain, name, &id)?);
    Ok(made)
}

fn mutual_tls(trust: &Value) -> Result<Value, Fail> {
    let fields = python::list(&TRUST_STORE);
    let Some(trust) = trust.as_object() else {
        let must = "MutualTlsAuthentication must be a map with at least one of the following fields";
        return Err(format!("{must} {fields}.").into());
    };
    let mut unknown: Vec<&str> =
        trust.keys().map(String::as_str).filter(|key| !TRUST_STORE.contains(key)).collect();
    if !unknown.is_empty() {
        unknown.sort_unstable();
        // The official transform names the fields where it means the resource.
        let message = format!("Available MutualTlsAuthentication fields are {fields}.");
        return Err(Fail::Elsewhere(SamProblem::resource(unknown.join(","), message)));
    }
    let kept = TRUST_STORE.iter().filter_map(|name| Some(((*name).to_owned(), given(trust, name)?.clone())));
    Ok(Value::Object(kept.collect()))
}

fn mappings(api: &HttpApi<'_>, domain: &Map<String, Value>, domain_id: &str) -> Result<Vec<Made>, Fail> {
    static FOREIGN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[^0-9a-zA-Z/\-_]+").expect("the pattern is well-formed"));
    let mapping = |id: String| {
        let mut mapping = Made::beside(id, "AWS::ApiGatewayV2::ApiMapping", &api.attributes);
        mapping.set("DomainName", json!({"Ref": domain_id}));
        mapping.set("ApiId", json!({"Ref": api.id}));
        mapping.set("Stage", json!({"Ref": format!("{}.Stage", api.id)}));
        mapping
    };
    let paths = match given(domain, "BasePath") {
        Some(Value::String(path)) => vec![json!(path)],
        Some(Value::Array(paths)) => paths.clone(),
        _ => return Ok(vec![mapping(format!("{}ApiMapping", api.id))]),
    };
    let mut mappings = Vec::new();
    for path in paths {
        let path = path.as_str().ok_or("Basepath must be a string.")?;
        if FOREIGN.is_match(path) {
            return Err("Invalid Basepath name provided.".into());
        }
        let plain = path.replace(['-', '_', '/'], "");
        let mut mapping = mapping(format!("{}{plain}ApiMapping", api.id));
        mapping.set("ApiMappingKey", path.trim_matches('/'));
        mappings.push(mapping);
    }
    Ok(mappings)
}

/// The records of the name, in a group that all names of a hosted zone share.
fn records(
    cx: &mut Context,
    api: &HttpApi<'_>,
    domain: &Map<String, Value>,
    name: &Value,
    domain_id: &str,
) -> Result<Option<Made>, Fail> {
    let Some(route) = domain.get("Route53").filter(|route| !route.is_null()) else { return Ok(None) };
    let route = route.as_object().ok_or("Property 'Domain.Route53' should be a map.")?;
    let zone =
        ["HostedZoneId", "HostedZoneName"].into_iter().find(|zone| route.get(*zone).is_some_and(truthy));
    let Some(zone) = zone else {
        return Err(
            "HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.".into(),
        );
    };
    let id = ids::hashed("RecordSetGroup", &route[zone]);
    let group = cx.record_sets.entry(id.clone()).or_insert_with(|| {
        let mut group = Made::beside(id, "AWS::Route53::RecordSetGroup", &api.attributes);
        group.set(zone, route[zone].clone());
        group.set("RecordSets", json!([]));
        group
    });
    let mut target = Map::new();
    if let Some(health) = route.get("EvaluateTargetHealth").filter(|health| !health.is_null()) {
        target.insert("EvaluateTargetHealth".into(), health.clone());
    }
    target.insert("HostedZoneId".into(), attribute(domain_id, "RegionalHostedZoneId"));
    target.insert("DNSName".into(), attribute(domain_id, "RegionalDomainName"));
    let kinds: &[&str] = if route.get("IpV6") == Some(&json!(true)) { &["A", "AAAA"] } else { &["A"] };
    for kind in kinds {
        let mut record = json!({"Name": name, "Type": kind, "AliasTarget": target});
        for property in ["Region", "SetIdentifier"] {
            if let Some(value) = route.get(property).filter(|value| !value.is_null()) {
                record[property] = value.clone();
            }
        }
        if let Some(sets) = group.properties.get_mut("RecordSets").and_then(Value::as_array_mut) {
            sets.push(record);
        }
    }
    Ok(Some(group.clone()))
}
