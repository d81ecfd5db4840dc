//! The Lambda Runtime API, as far as a function needs it: ask for the next event, answer it, again.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::error::Error;
use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Agent;

/// Answers events for as long as Lambda sends some.
pub fn serve<Event, Reply, Failure>(
    handler: impl Fn(Event) -> Result<Reply, Failure>,
) -> Result<(), Box<dyn Error>>
where
    Event: DeserializeOwned,
    Reply: Serialize,
    Failure: Display,
{
    let lambda = Lambda {
        agent: Agent::config_builder().http_status_as_error(true).proxy(None).build().into(),
        base: format!("http://{}/2018-06-01/runtime/invocation", std::env::var("AWS_LAMBDA_RUNTIME_API")?),
    };
    loop {
        let (request_id, event) = lambda.next()?;
        match answer(&handler, &event) {
            Ok(reply) => lambda.post(&request_id, "response", &reply)?,
            Err(failure) => lambda.post(&request_id, "error", &failure)?,
        }
    }
}

fn answer<Event: DeserializeOwned, Reply: Serialize, Failure: Display>(
    handler: impl Fn(Event) -> Result<Reply, Failure>,
    event: &str,
) -> Result<String, String> {
    let failed = |kind: &str, message: String| {
        serde_json::json!({ "errorType": kind, "errorMessage": message, "stackTrace": [] }).to_string()
    };
    let event = serde_json::from_str(event)
        .map_err(|error| failed("InvalidEvent", format!("this is no basket: {error}")))?;
    let reply = handler(event).map_err(|error| failed("InvalidBasket", error.to_string()))?;
    serde_json::to_string(&reply).map_err(|error| failed("InvalidReply", error.to_string()))
}

struct Lambda {
    agent: Agent,
    base: String,
}

impl Lambda {
    /// Waits for the next event: its request id and its text.
    fn next(&self) -> Result<(String, String), Box<dyn Error>> {
        let mut response = self.agent.get(format!("{}/next", self.base)).call()?;
        let request_id = response
            .headers()
            .get("lambda-runtime-aws-request-id")
            .ok_or("an event came without a request id")?
            .to_str()?
            .to_owned();
        Ok((request_id, response.body_mut().read_to_string()?))
    }

    fn post(&self, request_id: &str, what: &str, body: &str) -> Result<(), Box<dyn Error>> {
        let url = format!("{}/{request_id}/{what}", self.base);
        // Reading the answer to its end lets the connection be used again.
        self.agent.post(url).content_type("application/json").send(body)?.body_mut().read_to_string()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_in_the_form_that_lambda_passes_on() {
        let double = |number: u32| number.checked_mul(2).ok_or("too large");
        assert_eq!(answer(double, "4"), Ok("8".to_owned()));
        for (event, kind) in [("kite", "InvalidEvent"), ("4294967295", "InvalidBasket")] {
            let failure: serde_json::Value =
                serde_json::from_str(&answer(double, event).unwrap_err()).unwrap();
            assert_eq!(failure["errorType"], kind);
            assert!(failure["errorMessage"].is_string());
        }
    }
}
