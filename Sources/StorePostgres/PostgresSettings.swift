/// How the connections to PostgreSQL behave.
package struct PostgresSettings: Sendable {
    /// At most so many connections.
    package var connectionsMax = 8
    /// At most so many callers wait for one; the next is refused as `.overloaded`.
    package var waitersMax = 1024
    /// So long a caller waits for a connection, also while the server is away.
    package var waitingMax: Duration = .seconds(5)
    /// So long one attempt to connect may take.
    package var connectTimeout: Duration = .seconds(5)
    /// The server ends statements that take longer.
    package var statementTimeout: Duration = .seconds(30)
    /// The server ends statements that wait longer for a lock.
    package var lockTimeout: Duration = .seconds(10)
    /// The server ends sessions whose transaction is open for so long without a statement.
    package var idleInTransactionTimeout: Duration = .seconds(60)
    /// A server that owes an answer and sends nothing for so long is given up; nil for 5 s more than a statement may take.
    package var silenceMax: Duration?
    /// A connection that lay idle for longer is asked for a sign of life before it is used.
    package var idleCheck: Duration = .seconds(30)
    /// So often a transaction is tried again after a serialization failure or a deadlock.
    package var retriesMax = 10
    /// The longest pause between attempts to connect.
    package var backoffMax: Duration = .milliseconds(500)
    /// So many prepared statements a connection keeps.
    package var statementsMax = 256

    /// The usual.
    package init() {}

    var silenceLimit: Duration { silenceMax ?? statementTimeout + .seconds(5) }
}
