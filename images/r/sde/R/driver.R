# The DBI driver: where a connection begins.

setClass("SdeDriver", contains = "DBIDriver")
setClass("SdeConnection", contains = "DBIConnection", slots = c(state = "environment"))

#' The driver of this workspace's query guard, for `dbConnect(sde::guard())`.
guard <- function() new("SdeDriver")

#' A DBI connection to this workspace's query guard: `dbConnect(guard())` in one word.
sde_connect <- function() dbConnect(guard())

#' One question, as in the Python client: `sde_sql("SELECT ... WHERE year_of_birth > :year", list(year = 1950))`.
sde_sql <- function(query, params = NULL, dialect = "duckdb") ask_guard(query, params, dialect)

ask_guard <- function(query, params, dialect) {
    body <- list(sql = enc2utf8(as.character(query)))
    if (length(params)) body$parameters <- plain_parameters(params)
    if (dialect != "duckdb") body$dialect <- dialect
    call_service("guard", "/v1/query", body = body, parse = read_answer)
}

setMethod("show", "SdeDriver", function(object) cat("<SdeDriver> the query guard of this workspace\n"))

setMethod("dbUnloadDriver", "SdeDriver", function(drv, ...) invisible(TRUE))

setMethod("dbIsValid", "SdeDriver", function(dbObj, ...) TRUE)

setMethod("dbGetInfo", "SdeDriver", function(dbObj, ...) {
    version <- utils::packageVersion("sde")
    list(driver.version = version, client.version = version, max.connections = Inf)
})

setMethod("dbDataType", "SdeDriver", function(dbObj, obj, ...) {
    if (is.data.frame(obj)) return(vapply(obj, function(column) dbDataType(dbObj, column), ""))
    if (is.factor(obj) || is.character(obj)) return("VARCHAR")
    if (inherits(obj, "Date")) return("DATE")
    if (inherits(obj, "POSIXt")) return("TIMESTAMP")
    if (is.logical(obj)) return("BOOLEAN")
    if (is.integer(obj)) return("INTEGER")
    if (is.numeric(obj)) return("DOUBLE")
    stop("The guard has no type for an object of class ", class(obj)[[1]], ".", call. = FALSE)
})

setMethod("dbConnect", "SdeDriver", function(drv, ...) {
    state <- new.env(parent = emptyenv())
    state$project <- sde_project()
    state$open <- TRUE
    state$result <- NULL
    new("SdeConnection", state = state)
})

setMethod("dbCanConnect", "SdeDriver", function(drv, ...) {
    tryCatch({
        sde_project()
        TRUE
    }, sde_refusal = function(refusal) structure(FALSE, reason = conditionMessage(refusal)))
})
