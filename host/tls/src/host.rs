//! `sandbar:tls/client` for guests.

use wasmtime::component::Resource;

use crate::TlsView;
use crate::bindings::wit;
use crate::error::TlsError;
use crate::session::{Session, Settings};

type Answer<T> = wasmtime::Result<Result<T, wit::Error>>;

fn answer<T>(result: Result<T, TlsError>) -> Answer<T> {
    Ok(result.map_err(Into::into))
}

impl wit::Host for TlsView<'_> {}

impl wit::HostSession for TlsView<'_> {
    fn open(&mut self, settings: wit::Settings) -> Answer<Resource<Session>> {
        let settings = Settings {
            server_name: settings.server_name,
            alpn: settings.alpn,
            extra_roots: settings.extra_roots,
            verify: settings.verify,
        };
        match Session::open(&self.ctx.roots, &self.ctx.sessions, settings) {
            Ok(session) => Ok(self.table.push(session).map_err(|_| wit::Error::Limit)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    fn take_records(&mut self, session: Resource<Session>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get_mut(&session)?.take_records())
    }

    fn give_records(&mut self, session: Resource<Session>, records: Vec<u8>) -> Answer<()> {
        answer(self.table.get_mut(&session)?.give_records(&records))
    }

    fn give_end(&mut self, session: Resource<Session>) -> Answer<()> {
        answer(self.table.get_mut(&session)?.give_end())
    }

    fn write(&mut self, session: Resource<Session>, plain: Vec<u8>) -> Answer<u32> {
        let taken = self.table.get_mut(&session)?.write(&plain);
        // At most 64 KiB.
        answer(taken.map(|taken| u32::try_from(taken).unwrap_or(u32::MAX)))
    }

    fn read(&mut self, session: Resource<Session>, most: u32) -> Answer<Vec<u8>> {
        answer(
            self.table
                .get_mut(&session)?
                .read(usize::try_from(most).unwrap_or(usize::MAX)),
        )
    }

    fn handshaking(&mut self, session: Resource<Session>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&session)?.handshaking())
    }

    fn details(&mut self, session: Resource<Session>) -> wasmtime::Result<Option<wit::Details>> {
        Ok(self.table.get(&session)?.details().map(|details| wit::Details {
            version: details.version.to_owned(),
            cipher: details.cipher,
            bits: details.bits,
            alpn: details.alpn,
            certificates: details.certificates,
        }))
    }

    fn close(&mut self, session: Resource<Session>) -> wasmtime::Result<()> {
        self.table.get_mut(&session)?.close();
        Ok(())
    }

    fn drop(&mut self, session: Resource<Session>) -> wasmtime::Result<()> {
        self.table.delete(session)?;
        Ok(())
    }
}
