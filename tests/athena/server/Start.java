/** Trino's server, as its own launcher starts it; that one is not published alone. */
class Start {
    public static void main(String[] arguments) {
        new io.trino.server.Server().start(arguments[0]);
    }
}
