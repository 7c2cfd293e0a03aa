x=v; echo {"a b",${x},'c d'}e
