import HTTPServer

extension AuthRoutes {
    private static let pass = Schema.envelope(
        .object([
            .init("user", User.schema), .init("sessionId", .string()), .init("tokenType", .string()),
            .init("expiresIn", .integer, "Seconds that the access token is good for."),
            .init("accessToken", .string(), isRequired: false),
            .init("refreshToken", .string(), "Good for one use.", isRequired: false),
            .init("csrfToken", .string(), "Where the tokens are in cookies.", isRequired: false),
        ]))
    private static let passes: [Operation.Reply] = [.init(.ok, "Signed in.", .init(pass))]

    static let loginOperation = Operation(
        "login", "Sign in by name and password",
        description:
            "With `cookie` the tokens are put into cookies, and `csrfToken` has to be sent along with every request "
            + "that changes something, in the field `x-csrf-token`.",
        tags: ["auth"],
        request: .init(
            .object([
                .init("username", .string()), .init("password", .string(format: "password")),
                .init("cookie", .boolean, isRequired: false),
            ])), responses: passes)

    static let refreshOperation = Operation(
        "refresh", "Get new tokens for a refresh token",
        description: "A refresh token that is used twice ends its session.", tags: ["auth"],
        request: .init(.object([.init("refreshToken", .string(), isRequired: false)])), responses: passes)

    static let setupOperation = Operation(
        "setUp", "Make the first administrator",
        description:
            "With the token that the server printed at its first start; only while there is no user.",
        tags: ["auth"],
        request: .init(
            .object([
                .init("token", .string()), .init("username", .string()),
                .init("password", .string(format: "password")),
            ])), responses: Operation.answer("user", User.schema, .created))

    static let logoutOperation = Operation(
        "logout", "End the session", tags: ["auth"], responses: Operation.nothing)

    static let meOperation = Operation(
        "getMe", "Who the credential stands for, and what it may do", tags: ["auth"],
        responses: [
            .init(
                .ok, "The caller.",
                .init(
                    .envelope(
                        .object([
                            .init("user", User.schema), .init("credential", .string()),
                            .init("keyId", .nullable(.string())), .init("sessionId", .nullable(.string())),
                            .init("permissions", .array(.string())),
                            .init("expiresAt", .nullable(.string(format: "date-time"))),
                        ]))))
        ])

    static let passwordOperation = Operation(
        "changePassword", "Change one's own password", description: "All other sessions end.", tags: ["auth"],
        request: .init(
            .object([
                .init("currentPassword", .string(format: "password")),
                .init("newPassword", .string(format: "password")),
            ])), responses: Operation.nothing)
}

extension User {
    static let schema = Schema.named(
        "User",
        .object([
            .init("id", .string()), .init("username", .string()), .init("displayName", .string()),
            .init("roles", .array(.string())), .init("isDisabled", .boolean), .init("hasPassword", .boolean),
            .init("createdAt", .string(format: "date-time")),
            .init("lastLoginAt", .nullable(.string(format: "date-time"))),
        ]))
}
