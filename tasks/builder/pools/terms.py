"""Names of countries, regions, languages, months, days and colours in seven languages (CLDR, by babel)."""

import functools

from babel import Locale

from builder.draws import shuffled
from builder.pools.cities import countries
from builder.pools.dictionary import CODES

SOURCE, LICENCE = "Unicode CLDR (babel)", "Unicode-3.0"
LANGUAGES = ("fr de es it pt nl en ru zh ja ko ar hi tr pl cs sk hu ro bg el sv da fi is et lv lt sl hr sr sq uk be ka "
             "hy he fa ur bn ta te th vi id sw am so ha yo zu af mt ga cy eu ca gl la eo mn ne km lo kk uz az yi ku ps "
             "si pa gu mr ml kn my tg tk ky mi qu gn ht br gd lb fo oc co sc rm").split()
# What few know, or is no country.
SMALL = set("AX BQ GG JE IM SJ SX TF TK UM WF YT EH HK MO PS BL MF CC CX NF PN SH IO GS AN CS HM CW BV NU AI".split())
REGIONS = ("002 142 150 009 003 005 021 013 029 145 034 030 035 015 011 014 017 018 151 154 155 039 053 054 061 419 "
           "143").split()
# English, then in the order of CODES.
COLOURS = """red rouge rot rojo rosso vermelho rood|blue bleu blau azul blu azul blauw
green vert grün verde verde verde groen|yellow jaune gelb amarillo giallo amarelo geel
black noir schwarz negro nero preto zwart|white blanc weiß blanco bianco branco wit
grey gris grau gris grigio cinza grijs|brown marron braun marrón marrone marrom bruin|pink rose rosa rosa rosa rosa roze
orange orange orange naranja arancione laranja oranje|purple violet lila morado viola roxo paars"""


def names_in(code: str) -> dict[str, str]:
    """By CLDR's key, the term in a language."""
    locale = Locale.parse(code)
    places = [key for key in countries() if key not in SMALL]
    found = {key: locale.territories[key] for key in (*places, *REGIONS) if key in locale.territories}
    found |= {f"language {key}": locale.languages[key] for key in LANGUAGES}
    found |= {f"month {key}": name for key, name in locale.months["format"]["wide"].items()}
    return found | {f"day {key}": name for key, name in locale.days["format"]["wide"].items()}


@functools.cache
def terms() -> dict[str, dict[str, str]]:
    """By the English term, what it is in each language of CODES; those that Portugal and Brazil call differently
    have no Portuguese."""
    english, others = names_in("en"), {code: names_in(code) for code in CODES}
    others["pt"] = {key: name for key, name in others["pt"].items() if name == names_in("pt_PT").get(key)}
    found = {name: {code: others[code][key] for code in CODES if plain(others[code].get(key, "("))}
             for key, name in english.items() if plain(name)}
    for row in COLOURS.replace("\n", "|").split("|"):
        colour, *names = row.split()
        found[colour] = {code: name for code, name in zip(CODES, names, strict=True) if name not in ("cinza", "marrom")}
    return {name: found[name] for name in shuffled(found, "terms")}


def pairs(code: str) -> list[tuple[str, str]]:
    """(English, other language's); of those that are written alike in both, a few."""
    found = [(name, each[code]) for name, each in terms().items() if code in each]
    alike = [pair for pair in found if pair[0].lower() == pair[1].lower()]
    dropped = set(alike[(len(found) - len(alike)) // 3:])
    return [pair for pair in found if pair not in dropped]


def plain(name: str) -> bool:
    """Without brackets and dashes of CLDR's own."""
    return not any(each in name for each in (*"()[],&’", " - ", "Hongkong", "Darussalam"))
