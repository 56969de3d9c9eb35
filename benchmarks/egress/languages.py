"""Tables as analysts write them in other languages than English; some hold what may not leave."""

from __future__ import annotations

from functools import partial
from random import Random

from benchmarks.egress.labelled import Labelled, leaky, safe
from benchmarks.egress.safe_tables import rounded

SMALL = "small-count language"


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    return [*_leaky(random), *_safe(random)]


def _leaky(random: Random) -> list[Labelled]:
    n, small = partial(rounded, random, 100), partial(random.randint, 1, 9)
    dutch = f"| Geslacht | Aantal patiënten | Gemiddelde leeftijd |\n|---|---|---|\n| Vrouwen | {n()} | 71.2 |\n| Onbekend | {small()} | 66.0 |\n"
    italian = f"<table><tr><th>Regione</th><th>Decessi</th></tr><tr><td>Nord</td><td>{n()}</td></tr><tr><td>Isole</td><td>{small()}</td></tr></table>"
    born = "Nachname;Vorname;Geburtsdatum;Diagnose\nMuster;Anna;04.03.1961;Asthma\nBeispiel;Otto;17.11.1948;Gicht\n"
    return [
        leaky("francais.csv", SMALL, "row 3", f"Sexe;Nombre de patients;Pourcentage\nFemmes;{n()};51,2\nHommes;{n()};48,4\nIndéterminé;{small()};0,4\n", encoding="cp1252"),
        leaky("deces_par_annee.csv", SMALL, "2021", f"Année,Décès,Taux\n2019,{n()},0.12\n2020,{n()},0.15\n2021,{small()},0.01\n"),
        leaky("espanol.csv", SMALL, "Sur", f"Región,Casos,Edad promedio\nNorte,{n()},61.2\nCentro,{n()},63.9\nSur,{small()},59.0\n"),
        leaky("nederlands.md", SMALL, "Onbekend", dutch), leaky("italiano.html", SMALL, "Isole", italian),
        leaky("portugues.csv", SMALL, "row 2", f"idade,pacientes,óbitos\n18-64,{n()},{n()}\n65+,{n()},{small()}\n"),
        leaky("svenska.csv", SMALL, "Gotland", f"Region;Antal;Andel\nStockholm;{n()};0,61\nGotland;{small()};0,01\n"),
        leaky("cymraeg.csv", SMALL, "row 2", f"rhyw,nifer o gleifion,canran\nbenyw,{n()},55.0\narall,{small()},0.3\n"),
        leaky("patientenzahl.csv", SMALL, "row 2", f"Diagnose;Patientenzahl\nGicht;{n()}\nHämophilie;{small()}\n"),
        leaky("faelle.txt", SMALL, "IV", f"Stadium    Faelle   Prozent\nI            {n(1000)}     98.50\nIV              {small()}      1.50\n"),
        leaky("gesamt.csv", "margins language", "weiblich, Fälle", "Geschlecht;Fälle\nmännlich;1240\nweiblich;*\nGesamt;1247\n"),
        leaky("personen.csv", "date-of-birth names language", "all", born),
        leaky("suomi.csv", SMALL, "row 2", f"Sukupuoli;Potilaita\nnainen;{n()}\nmuu;{small()}\n"),
    ]  # fmt: skip


def _safe(random: Random) -> list[Labelled]:
    n = partial(rounded, random)
    return [
        safe("mittelwerte.csv", "statistics language", "Variable;Mittelwert;Standardabweichung\nAufenthalt (Tage);7;3\nAlter;64;12\nHbA1c;7;1\n"),
        safe("praxen.csv", "counts-of-things language", "Region;Praxenzahl;Krankenhäuser\nNord;412;6\nInseln;7;1\n"),
        safe("deces_arrondis.csv", "rounded-table language", f"Année;Décès;Taux\n2019;{n()};0,121\n2020;{n()};0,148\n2021;{n()};0,133\n"),
        safe("ligduur.csv", "days language", "Ligduur (dagen);Aantal\n" + "".join(f"{day};{n()}\n" for day in range(1, 21))),
        safe("edad.csv", "ages language", "Edad,Pacientes\n" + "".join(f"{age},{n()}\n" for age in range(30, 60))),
        safe("modello.csv", "coefficients language", "Variabile;OR;IC 95% inf;IC 95% sup;p\nEtà;1,04;1,02;1,06;<0,001\nSesso;1,10;0,98;1,23;0,11\n"),
        safe("wochen.csv", "weeks language", "Jahr;Woche;Aufnahmen\n" + "".join(f"2022;{week};{n()}\n" for week in range(1, 31))),
        safe("unterdrueckt.csv", "suppressed language", "Medikament;Patienten\nWarfarin;1240\nApixaban;3325\nDabigatran;<10\nEdoxaban;<10\n"),
        safe("mois.csv", "months language", "Mois;Admissions\n" + "".join(f"{month};{n()}\n" for month in range(1, 13))),
    ]  # fmt: skip
