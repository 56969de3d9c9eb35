"""Header words of other languages, as data, each with the English words that the checks know. To add one is enough.

Analysts write in the language of their paper: German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Welsh.
A word is left out if it is an English one too ("media", "fall", "die"), since a wrong sense could hide a count.
"""

from __future__ import annotations

import unicodedata

#: English words (with "_" between two) -> the same in other languages, in any inflection that heads a column.
MEANINGS: dict[str, str] = {
    "number": "anzahl zahl nombre número numero aantal antal antall nifer",
    "count": "recuento conteo cantidad contagem conteggio effectif effectifs häufigkeit",
    "freq": "fréquence frecuencia frequenza frequência frequentie",
    "total": "gesamt insgesamt gesamtzahl totale totaux totaal totalt cyfanswm",
    "all": "alle tous toutes todos todas tutti tutte pawb",
    "sum": "summe somme suma somma",
    "patients": "patienten patientinnen patientes pacientes pazienti patiënten patienter pasienter cleifion",
    "people": "personen personnes personas persone pessoas personer pobl leute bevölkerung",
    "participants": "teilnehmer teilnehmende teilnehmerinnen probanden participantes partecipanti deelnemers deltagare",
    "women": "frauen femmes mujeres donne mulheres vrouwen kvinnor",
    "men": "männer hommes hombres uomini homens mannen",
    "children": "kinder enfants niños bambini crianças kinderen",
    "cases": "fälle krankheitsfälle casos casi gevallen fallzahl achosion",
    "events": "ereignisse événements eventos eventi gebeurtenissen händelser",
    "deaths": "todesfälle verstorbene sterbefälle décès décédés muertes fallecidos defunciones morti decessi óbitos"
    " mortes overledenen sterfgevallen dödsfall marwolaethau",
    "admissions": "aufnahmen ingresos ricoveri internações opnames inläggningar derbyniadau",
    "episodes": "aufenthalte séjours estancias degenze",
    "births": "geburten naissances nacimientos nascite geboorten",
    "percent": "prozent prozentsatz pourcentage porcentaje percentuale percentagem porcentagem procent canran",
    "proportion": "anteil proporción proporzione proporção aandeel andel cyfran",
    "mean": "mittelwert durchschnitt moyenne promedio gemiddelde medelvärde cymedr",
    "median": "médiane mediana mediaan",
    "sd": "standardabweichung écart standaardafwijking desviación deviazione",
    "rate": "taux tasa tasso",
    "incidence": "inzidenz incidencia incidenza",
    "prevalence": "prävalenz prevalencia prevalenza",
    "age": "alter edad leeftijd idade oedran",
    "age_group": "altersgruppe altersklasse leeftijdsgroep åldersgrupp",
    "year": "jahr année anno jaar año blwyddyn",
    "years": "jahre années anni jaren años",
    "month": "monat mois mese maand",
    "week": "woche semaine semana settimana",
    "date": "datum fecha dyddiad",
    "birth_date": "geburtsdatum geburtstag geboortedatum födelsedatum",
    "birth": "naissance nacimiento nascita nascimento geni",
    "birth_year": "geburtsjahr geboortejaar",
    "birth_weight": "geburtsgewicht geboortegewicht",
    "surname": "nachname familienname apellido apellidos cognome achternaam efternamn cyfenw",
    "forename": "vorname prénom voornaam förnamn",
    "address": "adresse dirección indirizzo adres cyfeiriad",
    "street": "straße",
    "patient_id": "patientennummer patientennr versichertennummer patiëntnummer fallnummer",
    "sex": "geschlecht sexe sexo sesso geslacht rhyw",
    "male": "männlich masculin masculino maschio mannelijk gwryw",
    "female": "weiblich féminin femenino femmina vrouwelijk benyw",
    "unknown": "unbekannt inconnu desconocido sconosciuto onbekend okänd anhysbys",
    "other": "andere autre autres otros altri overige",
    "yes": "ja oui",
    "days": "tage tagen jours días giorni dagen dagar",
    "weeks": "wochen semaines semanas settimane weken",
    "months": "monate meses mesi maanden",
    "hours": "stunden heures horas uren",
    "cost": "kosten coût coûts costo costos coste",
    "hospitals": "krankenhäuser kliniken hôpitaux hospitales ospedali ziekenhuizen ysbytai",
    "practices": "praxen cabinets consultorios",
    "sites": "standorte centros locaties",
}
#: How compounds of Germanic languages end: "Patientenzahl" is a number of patients, "Praxenzahl" one of practices.
SHORTEST_PART = 4
ENDINGS = ("anzahl", "zahlen", "zahl", "aantal", "antall", "antal")


def plain(word: str) -> str:
    """Without accents, in small letters: "Décès" and "deces" are one word."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _spellings(word: str) -> set[str]:
    """As written, and with German umlauts as on a keyboard without them: "fälle", "falle", "faelle"."""
    return {plain(word), plain(word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue"))}


TRANSLATED: dict[str, tuple[str, ...]] = {
    spelling: tuple(english.split("_"))
    for english, foreign in MEANINGS.items()
    for word in foreign.split()
    for spelling in _spellings(word)
}


def in_english(word: str) -> tuple[str, ...]:
    """The English words for one word in small letters; itself if it is not known."""
    bare = plain(word)
    if known := TRANSLATED.get(bare):
        return known
    first = next((bare.removesuffix(ending) for ending in ENDINGS if bare.endswith(ending)), "")
    return ("number", *TRANSLATED.get(first, (first,))) if len(first) >= SHORTEST_PART else (word,)
