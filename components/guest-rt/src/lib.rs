//! What every guest program links: exit codes and the working directory.
