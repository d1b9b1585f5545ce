/* In place of Zephyr's: an emulated GPIO of one pin, which tells of each change of its output. */
#ifndef ZEPHYR_DRIVERS_GPIO_GPIO_EMUL_H
#define ZEPHYR_DRIVERS_GPIO_GPIO_EMUL_H

#include <stddef.h>

#include <zephyr/device.h>

#define GPIO_OUTPUT BIT(17)

typedef uint8_t gpio_pin_t;
typedef uint32_t gpio_flags_t;
typedef uint32_t gpio_port_pins_t;

struct gpio_dt_spec {
    const struct device *port;
    gpio_pin_t pin;
};

struct gpio_callback {
    void (*handler)(const struct device *port, struct gpio_callback *callback, gpio_port_pins_t pins);
    gpio_port_pins_t pins;
};

/* The pin: whether it is an output, at which level, and who is told. */
extern struct gpio_of_the_tree {
    bool output, high;
    struct gpio_callback *told;
} gpio_of_the_tree;

#define GPIO_DT_SPEC_INST_GET(instance, property) {NULL, DT_INST_GPIO_PIN(instance, property)}

static inline bool gpio_is_ready_dt(const struct gpio_dt_spec *spec)
{
    (void)spec;
    return true;
}

static inline void gpio_init_callback(struct gpio_callback *callback,
                                      void (*handler)(const struct device *, struct gpio_callback *, gpio_port_pins_t),
                                      gpio_port_pins_t pins)
{
    callback->handler = handler;
    callback->pins = pins;
}

static inline int gpio_add_callback_dt(const struct gpio_dt_spec *spec, struct gpio_callback *callback)
{
    (void)spec;
    gpio_of_the_tree.told = callback;
    return 0;
}

static inline int gpio_emul_flags_get(const struct device *port, gpio_pin_t pin, gpio_flags_t *flags)
{
    (void)port;
    (void)pin;
    *flags = gpio_of_the_tree.output ? GPIO_OUTPUT : 0;
    return 0;
}

static inline int gpio_emul_output_get(const struct device *port, gpio_pin_t pin)
{
    (void)port;
    (void)pin;
    return gpio_of_the_tree.high;
}

#endif
