# From R to the guard's SQL, which is DuckDB's. What the guard cannot answer is left to its own refusal: it says more
# about the reason than an error of the translation could.

sql_translation.SdeConnection <- function(con) {
    dbplyr::sql_variant(scalar_functions(), aggregate_functions(), window_functions())
}

sql_escape_date.SdeConnection <- function(con, x) paste0("DATE ", dbplyr::sql_escape_string(con, as.character(x)))

sql_escape_datetime.SdeConnection <- function(con, x) {
    paste0("TIMESTAMP ", dbplyr::sql_escape_string(con, format(x, "%Y-%m-%d %H:%M:%OS6")))
}

scalar_functions <- function() {
    build <- dbplyr::build_sql
    part <- function(name) function(x) build(dbplyr::sql(paste0("EXTRACT(", name, " FROM ")), x, ")")
    interval <- function(unit) function(x) build("INTERVAL (", whole(x), dbplyr::sql(paste0(") ", unit)))
    dbplyr::sql_translator(
        .parent = dbplyr::base_scalar,
        # R writes 30 where it means 30L, and a day moved by 30.0 days is no day
        `+` = function(x, y = NULL) if (is.null(y)) x else build(whole(x), " + ", whole(y)),
        `-` = function(x, y = NULL) if (is.null(y)) build("-", x) else build(whole(x), " - ", whole(y)),
        `%/%` = function(x, y) build("FLOOR(", x, " / ", y, ")"),
        `%%` = function(x, y) build("(", x, " - ", y, " * FLOOR(", x, " / ", y, "))"),
        `^` = dbplyr::sql_prefix("POWER", 2),
        as.integer = function(x) {
            condition <- is_condition(substitute(x))
            if (condition) as_number(x) else build("CAST(TRUNC(", x, ") AS INTEGER)")
        },
        as.numeric = function(x) if (is_condition(substitute(x))) as_number(x) else build("CAST(", x, " AS DOUBLE)"),
        as.double = function(x) if (is_condition(substitute(x))) as_number(x) else build("CAST(", x, " AS DOUBLE)"),
        as.character = dbplyr::sql_cast("VARCHAR"),
        as.Date = dbplyr::sql_cast("DATE"),
        as_date = dbplyr::sql_cast("DATE"),
        as_datetime = dbplyr::sql_cast("TIMESTAMP"),
        log = function(x, base = exp(1)) {
            if (isTRUE(all.equal(base, exp(1)))) build("LN(", x, ")") else build("LOG(", base, ", ", x, ")")
        },
        log10 = dbplyr::sql_prefix("LOG10", 1),
        log2 = dbplyr::sql_prefix("LOG2", 1),
        round = function(x, digits = 0L) build("ROUND(", x, ", ", as.integer(digits), ")"),
        paste0 = function(..., collapse = NULL) joined("", list(...), collapse),
        paste = function(..., sep = " ", collapse = NULL) joined(sep, list(...), collapse),
        str_c = function(..., sep = "", collapse = NULL) joined(sep, list(...), collapse),
        startsWith = dbplyr::sql_prefix("STARTS_WITH", 2),
        str_starts = dbplyr::sql_prefix("STARTS_WITH", 2),
        grepl = function(pattern, x, ignore.case = FALSE, perl = FALSE, fixed = FALSE, useBytes = FALSE) {
            found_in(x, pattern, fixed, ignore.case)
        },
        fixed = function(pattern, ...) structure(pattern, class = "fixed"),
        str_detect = function(string, pattern, negate = FALSE) {
            found <- found_in(string, pattern, inherits(pattern, "fixed"), FALSE)
            if (isTRUE(negate)) build("NOT (", found, ")") else found
        },
        year = part("YEAR"), quarter = part("QUARTER"), month = part("MONTH"), week = part("WEEK"),
        isoweek = part("WEEK"), day = part("DAY"), mday = part("DAY"), yday = part("DOY"),
        wday = function(x, label = FALSE, ...) {
            if (label) build("DAYNAME(", x, ")") else build("(EXTRACT(DOW FROM ", x, ") + 1)")
        },
        days = interval("DAY"), weeks = interval("WEEK"), months = interval("MONTH"), years = interval("YEAR"),
        floor_date = function(x, unit = "day") build("DATE_TRUNC(", unit, ", ", x, ")"),
        difftime = function(time1, time2, tz, units = "days") {
            if (units != "days") stop("Only differences in days can be asked for.", call. = FALSE)
            build("DATE_DIFF('day', ", time2, ", ", time1, ")")
        },
        Sys.Date = function() dbplyr::sql("CURRENT_DATE"),
        today = function() dbplyr::sql("CURRENT_DATE")
    )
}

aggregate_functions <- function() {
    two <- function(name) dbplyr::sql_aggregate_2(name)
    dbplyr::sql_translator(
        .parent = dbplyr::base_agg,
        n_distinct = function(x, ..., na.rm = FALSE) {
            if (...length()) stop("n_distinct() counts the values of one column.", call. = FALSE)
            dbplyr::build_sql("COUNT(DISTINCT ", x, ")")
        },
        sum = function(x, na.rm = FALSE) {
            dbplyr::build_sql("SUM(", if (is_condition(substitute(x))) as_number(x) else x, ")")
        },
        mean = function(x, na.rm = FALSE, ...) {
            dbplyr::build_sql("AVG(", if (is_condition(substitute(x))) as_number(x) else x, ")")
        },
        median = dbplyr::sql_aggregate("MEDIAN"),
        quantile = function(x, probs, ...) dbplyr::build_sql("QUANTILE_CONT(", x, ", ", probs, ")"),
        sd = dbplyr::sql_aggregate("STDDEV_SAMP", "sd"),
        var = dbplyr::sql_aggregate("VAR_SAMP", "var"),
        cor = two("CORR"),
        cov = two("COVAR_SAMP"),
        any = dbplyr::sql_aggregate("BOOL_OR", "any"),
        all = dbplyr::sql_aggregate("BOOL_AND", "all")
    )
}

window_functions <- function() {
    over <- dbplyr::win_aggregate
    dbplyr::sql_translator(
        .parent = dbplyr::base_win,
        median = over("MEDIAN"),
        sd = over("STDDEV_SAMP"),
        var = over("VAR_SAMP"),
        any = over("BOOL_OR"),
        all = over("BOOL_AND")
    )
}

# A number that is whole is written without a point.
whole <- function(x) if (is.numeric(x) && length(x) == 1 && !is.na(x) && x == trunc(x)) as.integer(x) else x

joined <- function(sep, parts, collapse) {
    if (!is.null(collapse)) stop("collapse is not available in a query.", call. = FALSE)
    between <- if (nzchar(sep)) dbplyr::build_sql(" || ", sep, " || ") else dbplyr::sql(" || ")
    Reduce(function(left, right) dbplyr::build_sql(left, between, right), lapply(parts, as_words))
}

as_words <- function(x) if (is.character(x) && !inherits(x, "sql")) x else dbplyr::build_sql("CAST(", x, " AS VARCHAR)")

CONDITIONS <- c("<", "<=", ">", ">=", "==", "!=", "%in%", "!", "&", "&&", "|", "||", "is.na", "between", "xor")

# R counts TRUE as 1; SQL has no such number. What is NULL stays out, as with na.rm = TRUE.
is_condition <- function(code) {
    while (is.call(code) && identical(code[[1]], as.name("("))) code <- code[[2]]
    is.call(code) && is.name(code[[1]]) && as.character(code[[1]]) %in% CONDITIONS
}

as_number <- function(x) dbplyr::build_sql("CASE WHEN (", x, ") THEN 1 WHEN NOT (", x, ") THEN 0 END")

# The guard knows no patterns but LIKE's; a pattern without special signs is a plain search.
found_in <- function(text, pattern, fixed, ignore_case) {
    plain <- is.character(pattern) && length(pattern) == 1 && (fixed || !grepl("[]|()^{}+$*?.\\[]", pattern))
    if (!plain) {
        stop("The guard knows no regular expressions: search for plain text, or use %LIKE%.", call. = FALSE)
    }
    pattern <- unclass(pattern)
    if (ignore_case) {
        text <- dbplyr::build_sql("LOWER(", text, ")")
        pattern <- tolower(pattern)
    }
    dbplyr::build_sql("CONTAINS(", text, ", ", pattern, ")")
}
