//! The SDK for Rust, which needs no program of its own: the test binary asks it.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::provider::ProvideCredentials as _;

/// Not a test: the process that the table runs in a sandbox. It says the account once the SDK has a role.
#[test]
#[ignore = "asks the SDK about the profile in SSO_TEST_PROFILE"]
fn answers() {
    let Ok(profile) = std::env::var("SSO_TEST_PROFILE") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let credentials = runtime.block_on(async {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let provider = aws_config::provider_config::ProviderConfig::default()
            .with_http_client(http)
            .with_region(Some(aws_config::Region::new("us-east-1")));
        ProfileFileCredentialsProvider::builder()
            .configure(&provider)
            .profile_name(profile)
            .build()
            .provide_credentials()
            .await
            .unwrap()
    });
    assert!(credentials.access_key_id().starts_with("ASIA") && credentials.expiry().is_some());
    eprintln!("111122223333");
}
