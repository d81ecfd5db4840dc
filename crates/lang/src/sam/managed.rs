//! The policies that AWS manages, by name.

/// One policy a line, with its path ("AWS managed policies", read 2026-11).
const POLICIES: &str = include_str!("managed_policies.txt");

/// The ARN of a policy of that name in a partition; `None` where AWS has none of the name.
pub(crate) fn arn(name: &str, partition: &str) -> Option<String> {
    let path = POLICIES.lines().find(|path| path.rsplit('/').next() == Some(name))?;
    Some(updraft_types::iam::aws_managed_policy(partition, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_under_their_paths() {
        let found = |name| arn(name, "aws-cn");
        assert_eq!(
            found("AWSLambdaBasicExecutionRole").as_deref(),
            Some("arn:aws-cn:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
        );
        assert_eq!(
            found("AmazonS3ReadOnlyAccess").as_deref(),
            Some("arn:aws-cn:iam::aws:policy/AmazonS3ReadOnlyAccess")
        );
        assert_eq!(found("service-role/AWSLambdaRole"), None);
        assert_eq!(found("NoSuchPolicy"), None);
    }
}
