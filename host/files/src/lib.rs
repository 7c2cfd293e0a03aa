//! The one file layer: a sandbox's root over read-only lower layers, for guests and toolbox alike.
