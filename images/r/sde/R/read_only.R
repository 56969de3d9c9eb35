# Everything by which DBI would change a database is refused in words, before anything is sent.


setMethod("dbSendStatement", signature("SdeConnection", "character"), function(conn, statement, ...) {
    stop(read_only("dbSendStatement()"))
})
setMethod("dbExecute", signature("SdeConnection", "character"), function(conn, statement, ...) {
    stop(read_only("dbExecute()"))
})
for (naming in NAMINGS) {
    setMethod("dbWriteTable", signature("SdeConnection", naming, "ANY"), function(conn, name, value, ...) {
        stop(read_only("dbWriteTable()"))
    })
    setMethod("dbRemoveTable", signature("SdeConnection", naming), function(conn, name, ...) {
        stop(read_only("dbRemoveTable()"))
    })
}
setMethod("dbAppendTable", "SdeConnection", function(conn, name, value, ..., row.names = NULL) {
    stop(read_only("dbAppendTable()"))
})
setMethod("dbCreateTable", "SdeConnection", function(conn, name, fields, ..., row.names = NULL, temporary = FALSE) {
    stop(read_only("dbCreateTable()"))
})
setMethod("dbBegin", "SdeConnection", function(conn, ...) stop(read_only("a transaction")))
setMethod("dbCommit", "SdeConnection", function(conn, ...) stop(read_only("a transaction")))
setMethod("dbRollback", "SdeConnection", function(conn, ...) stop(read_only("a transaction")))
