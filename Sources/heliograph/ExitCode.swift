/// How a command ended, as `sysexits.h` numbers it.
enum ExitCode: Int32 {
    case success = 0
    /// The command was understood but did not succeed.
    case failure = 1
    /// The command line is wrong.
    case usage = 64
    /// The server was told to stop, and cut off what was not finished in time.
    case cutOff = 75
    /// The configuration is wrong.
    case configuration = 78
}
