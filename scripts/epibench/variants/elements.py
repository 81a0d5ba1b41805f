"""The regulatory elements of CAGI5, and how its names differ from those of the public table."""

CAGI5 = {
    "F9": "F9",
    "GP1BB": "GP1BA",
    "HBB": "HBB",
    "HBG1": "HBG1",
    "HNF4A": "HNF4A",
    "IRF4": "IRF4",
    "IRF6": "IRF6",
    "LDLR": "LDLR",
    "MSMB": "MSMB",
    "MYCrs6983267": "MYCrs6983267",
    "PKLR": "PKLR-48h",
    "SORT1": "SORT1",
    "TERT-GBM": "TERT-GBM",
    "TERT-HEK293T": "TERT-HEK",
    "ZFAND3": "ZFAND3",
}
"""The 15 experiments of CAGI5's regulation saturation challenge (Toneyan et al. 2022, Fig. 5), each
with the name of the same experiment in the public table of Kircher et al. 2019, which has further
experiments on some of the elements."""

_BACK = {public: name for name, public in CAGI5.items()}


def spellings(name: str) -> set[str]:
    """Give all names under which a table may have an element."""
    return {name, CAGI5.get(name, name), _BACK.get(name, name)}
