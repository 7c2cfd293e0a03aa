//! What may cross from one store to another, and whether two functions have the same type.

use wasmtime::component::types::{ComponentFunc, Type};

/// Whether parameters and results are values only.
///
/// # Errors
/// The name of what is not: a resource, stream, future or error context belongs to one store.
pub fn check_plain(function: &ComponentFunc) -> Result<(), &'static str> {
    for (_, ty) in function.params() {
        plain(&ty)?;
    }
    for ty in function.results() {
        plain(&ty)?;
    }
    Ok(())
}

fn plain(ty: &Type) -> Result<(), &'static str> {
    match ty {
        Type::Own(_) | Type::Borrow(_) => Err("a resource"),
        Type::Future(_) => Err("a future"),
        Type::Stream(_) => Err("a stream"),
        Type::ErrorContext => Err("an error context"),
        Type::List(list) => plain(&list.ty()),
        Type::FixedLengthList(list) => plain(&list.ty()),
        Type::Map(map) => plain(&map.key()).and_then(|()| plain(&map.value())),
        Type::Record(record) => all(record.fields().map(|field| field.ty)),
        Type::Tuple(tuple) => all(tuple.types()),
        Type::Variant(variant) => all(variant.cases().filter_map(|case| case.ty)),
        Type::Option(option) => plain(&option.ty()),
        Type::Result(result) => all(result.ok().into_iter().chain(result.err())),
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::Float32
        | Type::Float64
        | Type::Char
        | Type::String
        | Type::Enum(_)
        | Type::Flags(_) => Ok(()),
    }
}

fn all(mut types: impl Iterator<Item = Type>) -> Result<(), &'static str> {
    types.try_for_each(|ty| plain(&ty))
}

/// Whether a call of `imported` can be answered by `exported`.
pub fn fits(imported: &ComponentFunc, exported: &ComponentFunc) -> bool {
    let parameters = |f: &ComponentFunc| f.params().map(|(name, ty)| (name.to_owned(), ty)).collect::<Vec<_>>();
    imported.async_() == exported.async_()
        && parameters(imported) == parameters(exported)
        && imported.results().eq(exported.results())
}
