//! Polygate's services for [tonic](https://docs.rs/tonic): messages and clients, generated from the
//! protos. Names are those of the protos: `polygate.v1.ChatService` is
//! `polygate::v1::chat_service_client::ChatServiceClient`.

/// Google's types that the services use.
pub mod google {
    pub mod api {
        include!("gen/google.api.rs");
    }
}

/// The services.
pub mod polygate {
    pub mod v1 {
        include!("gen/polygate.v1.rs");
    }
}
