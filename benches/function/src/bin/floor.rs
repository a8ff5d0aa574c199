//! The least that a function of Lambda's own Rust runtime does: the event decoded, nothing written, everything reported as done.

use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::streams::KinesisEventResponse;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<KinesisEvent>) -> Result<KinesisEventResponse, Error> {
    std::hint::black_box(&event.payload.records);
    Ok(KinesisEventResponse::default())
}
