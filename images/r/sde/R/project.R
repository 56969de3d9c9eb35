# What the project is, what may be asked, and how much of the release budget is left. Asking for these costs nothing.

#' Your project: slug, title, mode, disclosure profile, threshold, rounding base, release budget, end date.
sde_project <- function() call_service("guard", "/v1/project")

#' The tables your project may query: a data frame of name, kind, number of columns and description.
sde_tables <- function() {
    tables <- call_service("guard", "/v1/tables")
    data.frame(
        table = text_of(tables, "name"),
        kind = text_of(tables, "kind"),
        columns = vapply(tables, function(table) length(table$columns), 0L),
        description = text_of(tables, "description")
    )
}

#' The columns of one table: name, type, what the guard lets you do with it, description.
sde_describe <- function(table) {
    columns <- call_service("guard", paste0("/v1/tables/", curl::curl_escape(table)))$columns
    data.frame(
        name = text_of(columns, "name"),
        type = text_of(columns, "type"),
        use = text_of(columns, "use"),
        description = text_of(columns, "description")
    )
}

#' Your release budget today, in cells: a list of project, total and left, in words when printed.
sde_budget <- function() {
    project <- sde_project()
    structure(
        list(project = project$project, total = project$budget_cells, left = project$cells_left),
        class = "sde_budget"
    )
}

print.sde_budget <- function(x, ...) {
    numbers <- format(c(x$left, x$total), big.mark = ",", trim = TRUE, scientific = FALSE)
    cat(sprintf("%s of %s cells left today in %s. It starts anew at midnight UTC.", numbers[1], numbers[2], x$project))
    cat(if (x$left == 0) " An administrator can raise it for the project.\n" else "\n")
    invisible(x)
}

text_of <- function(records, field) vapply(records, function(record) record[[field]], "")
