//! The data path: authenticates callers and forwards toolbox traffic to runners; the event stream.
