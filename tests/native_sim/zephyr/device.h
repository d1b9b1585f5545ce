/* In place of Zephyr's: what a driver for one device needs, with the devicetree of a UART at 115200 baud and EN at a GPIO. */
#ifndef ZEPHYR_DEVICE_H
#define ZEPHYR_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_SERIAL_INIT_PRIORITY 50
#define CONFIG_UART_INTERRUPT_DRIVEN 1
#define CONFIG_UART_USE_RUNTIME_CONFIGURE 1

#define BIT(n) (1u << (n))
#define ARG_UNUSED(x) (void)(x)
#define BUILD_ASSERT(condition, message) _Static_assert(condition, message)

#define DT_NUM_INST_STATUS_OKAY(compat) 1
#define DT_INST_PROP(instance, property) DEVICETREE_##property
#define DEVICETREE_current_speed 115200
#define DEVICETREE_hw_flow_control 1
#define DT_INST_ENUM_IDX_OR(instance, property, otherwise) (otherwise)
#define DT_INST_NODE_HAS_PROP(instance, property) 1
#define DT_INST_GPIO_PIN(instance, property) 3

struct device {
    const char *name;
    const void *config;
    const void *api;
    void *data;
    int (*init)(const struct device *dev);
};

extern const struct device device_of_the_tree;

#define DEVICE_DT_INST_GET(instance) (&device_of_the_tree)
#define DEVICE_API(class, name) const struct class##_driver_api name
#define DEVICE_DT_INST_DEFINE(instance, function, power, data_, config_, level, priority, api_) \
    const struct device device_of_the_tree = {"uart", config_, api_, data_, function}

#endif
