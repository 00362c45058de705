//! The generated code against a gateway, which the environment names.

use std::{env, time::Duration};

use polygate_client::polygate::v1::{ChatRequest, chat_service_client::ChatServiceClient};
use tonic::{Code, Request, Status, metadata::MetadataValue, transport::Channel};
use tonic_types::StatusExt;

fn named(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

async fn chat() -> ChatServiceClient<Channel> {
    let channel = Channel::from_shared(named("POLYGATE_URL")).unwrap();
    ChatServiceClient::new(channel.connect().await.unwrap())
}

fn ask(model: &str, key: &str) -> Request<ChatRequest> {
    let mut request = Request::new(ChatRequest {
        message: "hello".into(),
        model_preference: model.into(),
        ..Default::default()
    });
    let bearer: MetadataValue<_> = format!("Bearer {key}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    request.set_timeout(Duration::from_secs(20));
    request
}

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.expect("an error has a reason").reason
}

#[tokio::test]
async fn chats_whole_and_as_a_stream() {
    let key = named("POLYGATE_KEY");
    let mut chat = chat().await;
    let whole = chat.chat(ask("", &key)).await.unwrap().into_inner();
    assert_eq!(whole.response, "Hello there");
    let mut pieces = chat.stream_chat(ask("", &key)).await.unwrap().into_inner();
    let mut text = String::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        text += &piece.delta;
    }
    assert_eq!(text, "Hello there");
}

#[tokio::test]
async fn a_deadline_ends_the_call() {
    let mut request = ask("slow", &named("POLYGATE_KEY"));
    request.set_timeout(Duration::from_millis(300));
    let status = chat().await.chat(request).await.unwrap_err();
    // tonic says Cancelled where its own clock is first.
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status}");
}

#[tokio::test]
async fn an_error_names_its_reason_and_the_fields_at_fault() {
    let mut chat = chat().await;
    let unknown = chat.chat(ask("", "another-key")).await.unwrap_err();
    assert_eq!(reason(&unknown), "CREDENTIAL_INVALID");
    let mut request = ask("", &named("POLYGATE_KEY"));
    request.get_mut().max_tokens = Some(-1);
    let invalid = chat.chat(request).await.unwrap_err();
    assert_eq!(reason(&invalid), "REQUEST_INVALID");
    let fields = invalid.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "max_tokens");
}

#[tokio::test]
async fn a_limit_tells_when_to_come_back() {
    let key = named("POLYGATE_ONCE_KEY");
    let mut chat = chat().await;
    chat.chat(ask("", &key)).await.unwrap();
    let refused = chat.chat(ask("", &key)).await.unwrap_err();
    assert_eq!(reason(&refused), "RATE_LIMITED");
    let delay = refused.get_details_retry_info().unwrap().retry_delay;
    assert!(delay.unwrap() >= Duration::from_secs(1));
}
