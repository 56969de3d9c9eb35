# dplyr's lazy tables over the guard: dbplyr writes the SQL, the guard answers, refusals come through as they are.

dbplyr_edition.SdeConnection <- function(con) 2L

db_connection_describe.SdeConnection <- function(con) describe_connection(con)

#' A table of the project, or the rows of a query given as `sql("SELECT ...")`.
#'
#' The columns of a table are known without asking; those of a query are found by asking for none of its rows, unless
#' `vars` names them.
#' @noRd
tbl.SdeConnection <- function(src, from, ..., vars = NULL) {
    check_open(src)
    source <- dbplyr::src_dbi(src, auto_disconnect = FALSE)
    if (!inherits(from, "sql")) from <- dbplyr::ident(table_named(src, from))
    if (is.null(vars)) vars <- fields_of(src, from)
    dplyr::tbl(source, from, ..., vars = vars)
}

table_named <- function(con, from) {
    if (inherits(from, "dbplyr_schema")) return(tolower(as.character(from$table)))
    if (inherits(from, "ident")) from <- as.character(from)
    table_name(con, from)
}

fields_of <- function(con, from) {
    if (!inherits(from, "sql")) return(dbListFields(con, as.character(from)))
    names(ask_guard(dbplyr::sql_query_fields(con, from), NULL, "duckdb"))
}

#' The answer as a tibble that knows its suppressed cells (`sde_suppressed()`) and its receipt (`sde_receipt()`).
#' @noRd
collect.tbl_SdeConnection <- function(x, ..., n = Inf, warn_incomplete = TRUE, cte = FALSE) {
    if (!identical(n, Inf)) x <- utils::head(x, n)
    con <- x$src$con
    check_open(con)
    answer <- ask_guard(dbplyr::remote_query(x, cte = cte), NULL, "duckdb")
    groups <- intersect(dplyr::group_vars(x), names(answer))
    as_answer(dplyr::grouped_df(tibble::as_tibble(unmarked(answer)), groups), answer)
}

#' The same cells in another kind of data frame.
#' @noRd
as_answer <- function(frame, answer) {
    for (name in MARKS) attr(frame, name) <- attr(answer, name, exact = TRUE)
    class(frame) <- c("sde_answer", class(frame))
    frame
}

#' The distribution's dplyr leaves a count grouped by its first column; a count is grouped as its table was.
#' @noRd
count.tbl_SdeConnection <- function(x, ...) {
    counted <- dplyr::ungroup(NextMethod())
    do.call(dplyr::group_by, c(list(counted), lapply(dplyr::group_vars(x), as.name)))
}

compute.tbl_SdeConnection <- function(x, ...) stop(read_only("compute(), which makes a temporary table,"))

db_copy_to.SdeConnection <- function(con, ...) {
    refused <- read_only("copying a table into the database")
    refused$remedy <- "collect() first and join in R, or filter with %in% by values of your own."
    stop(refused)
}

explain.tbl_SdeConnection <- function(x, ...) {
    stop(refusal("explain-not-available", "The guard tells no plan of a query.", "show_query() shows its SQL."))
}

#' A lazy table of people's rows is no answer, so printing it says what it is and how to go on.
#' @noRd
print.tbl_SdeConnection <- function(x, ...) {
    tryCatch(NextMethod(), error = function(problem) {
        refused <- tryCatch(unwrapped(stop(problem)), error = identity)
        if (!inherits(refused, "sde_refusal")) stop(problem)
        cat(lazy_words(x, refused), sep = "\n")
    })
    invisible(x)
}

lazy_words <- function(x, refused) {
    columns <- paste(colnames(x), collapse = ", ")
    c(
        paste0("# A lazy query over the ", describe_connection(x$src$con)),
        strwrap(columns, initial = "# Columns: ", prefix = "#   ", width = 100),
        "# Its rows are not shown:",
        paste("#", strsplit(conditionMessage(refused), "\n", fixed = TRUE)[[1]]),
        if (refused$code == "rows-not-shown") {
            "#   in dplyr: count(), or group_by() and summarise(n(), n_distinct(person_id), mean(...)), then collect()"
        }
    )
}
